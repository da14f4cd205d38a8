import type { KafkaMessage } from "./upstream.ts";

/** Offset and timestamp (float64); topic, partition, key's and value's length, number of headers (int32). */
const FIXED_BYTES = 2 * 8 + 5 * 4;
/** Name and length (int32), before each header's value. */
const HEADER_BYTES = 2 * 4;

/**
 * The messages of a batch that `native/batch/consume-packed.cc` packed, little-endian: what is fixed, then the bytes of key,
 * value and headers. A length or a number of headers of -1 says that there is none; topics and names of headers are indexes
 * into `names`. Keys, values and headers are views of `bytes`, which lives as long as one of them.
 */
export function unpackMessages(bytes: Buffer, names: readonly string[], count: number): KafkaMessage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages = Array.from<KafkaMessage>({ length: count });
  let at = 0;
  const take = (length: number): Uint8Array | null => {
    if (length < 0) return null;
    at += length;
    return bytes.subarray(at - length, at);
  };
  const name = (index: number) => names[index] ?? "";
  for (let i = 0; i < count; i++) {
    const offset = view.getFloat64(at, true);
    const timestamp = view.getFloat64(at + 8, true);
    const topic = name(view.getInt32(at + 16, true));
    const partition = view.getInt32(at + 20, true);
    const keyLength = view.getInt32(at + 24, true);
    const valueLength = view.getInt32(at + 28, true);
    const headerCount = view.getInt32(at + 32, true);
    at += FIXED_BYTES;
    const key = take(keyLength);
    const value = take(valueLength);
    if (headerCount < 0) {
      messages[i] = { topic, partition, offset, key, value, timestamp };
      continue;
    }
    const headers: Record<string, Uint8Array | null>[] = [];
    for (let h = 0; h < headerCount; h++) {
      const headerName = name(view.getInt32(at, true));
      const length = view.getInt32(at + 4, true);
      at += HEADER_BYTES;
      headers.push({ [headerName]: take(length) });
    }
    messages[i] = { topic, partition, offset, key, value, timestamp, headers };
  }
  return messages;
}
