/**
 * The partition that a key's messages go to, of so many: murmur2, as the Java clients and our producers choose it.
 * Source: org.apache.kafka.common.utils.Utils.murmur2 and BuiltInPartitioner.partitionForKey.
 */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fff_ffff) % partitions;
}

const m = 0x5bd1_e995;

function murmur2(data: Uint8Array): number {
  const { length } = data;
  let hash = 0x9747_b28c ^ length;
  const view = new DataView(data.buffer, data.byteOffset, length);
  const whole = length - (length % 4);
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(view.getInt32(at, true), m);
    word ^= word >>> 24;
    hash = Math.imul(hash, m) ^ Math.imul(word, m);
  }
  for (let at = length - 1; at >= whole; at--) hash ^= (data[at] ?? 0) << (8 * (at - whole));
  if (length > whole) hash = Math.imul(hash, m);
  hash = Math.imul(hash ^ (hash >>> 13), m);
  return hash ^ (hash >>> 15);
}
