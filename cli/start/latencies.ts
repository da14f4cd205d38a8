/** Latencies of any number, in constant memory: each is counted in a class that is 1% wide. */
export interface Latencies {
  add(ms: number): void;
  /** The latency that this share of all did not exceed, by nearest rank, to 1%; undefined without any. */
  percentile(share: number): number | undefined;
}

const width = Math.log(1.01);
/** Classes begin here, ms. */
const smallestMs = 0.01;

export function createLatencies(): Latencies {
  const counts: number[] = [];
  let total = 0;
  return {
    add(ms) {
      const index = Math.max(0, Math.round(Math.log(ms / smallestMs) / width));
      counts[index] = (counts[index] ?? 0) + 1;
      total += 1;
    },
    percentile(share) {
      let left = Math.max(1, Math.ceil(total * share));
      for (let index = 0; index < counts.length; index += 1) {
        left -= counts[index] ?? 0;
        if (left <= 0 && total > 0) return smallestMs * Math.exp(index * width);
      }
      return undefined;
    },
  };
}
