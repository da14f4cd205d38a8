/** What a worker did, so that a test can say that each message had a transaction, a produce and a commit of its own. */
export interface Counts {
  /** Records and requests that were handled, each in a transaction. */
  transactions: number;
  /** Calls to the producer, each with the messages of one transaction, whose reports are awaited. */
  produces: number;
  /** Offsets told to the broker, each after the reports of what its record caused. */
  commits: number;
}

export function renderCounts(counts: Counts): string {
  const lines = Object.entries(counts).map(([name, count]) => `one_by_one_${name}_total ${count}\n`);
  return lines.join("");
}

/** @param text from `renderCounts` */
export function readCounts(text: string): Counts {
  const count = (name: keyof Counts) => Number(new RegExp(`^one_by_one_${name}_total (\\d+)$`, "m").exec(text)?.[1]);
  return { transactions: count("transactions"), produces: count("produces"), commits: count("commits") };
}
