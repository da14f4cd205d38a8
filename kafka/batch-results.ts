/** What became of a batch; topics by the numbers that the client has for them. */
export interface BatchResult {
  readonly id: number;
  /** Offset after the last acknowledged message, by topic and partition. */
  readonly ends: readonly { readonly topic: number; readonly partition: number; readonly offset: number }[];
  readonly failed: readonly { readonly index: number; readonly code: number }[];
}

/** Reads what `native/batch/deliveries.cc` wrote: `Deliveries::Results` describes it. */
export function* readResults(buffer: ArrayBuffer): Generator<BatchResult> {
  const numbers = new Float64Array(buffer);
  let at = 0;
  const next = () => numbers[at++] as number; // native code wrote as many as it says
  while (at < numbers.length) {
    const id = next();
    const endCount = next();
    const failedCount = next();
    const ends = Array.from({ length: endCount }, () => ({ topic: next(), partition: next(), offset: next() }));
    const failed = Array.from({ length: failedCount }, () => ({ index: next(), code: next() }));
    yield { id, ends, failed };
  }
}
