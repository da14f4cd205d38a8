/** What the bus counts, for `/metrics`, where what ends in Ms is seconds: plain numbers, so that counting costs an addition. */
export const busMetricDefinitions = {
  consumed: { type: "counter", help: "Records whose batch was committed" },
  deadLetters: { type: "counter", help: "Records that were set aside" },
  deadLettersOpen: { type: "gauge", help: "Of those that were set aside, those that nobody has dealt with" },
  compensationsUndone: { type: "gauge", help: "Dead letters that were to take something back: an operator has to act" },
  transientFailures: { type: "counter", help: "Tries that ended with store or broker away, busy or full" },
  unknownFailures: { type: "counter", help: "Tries of one record alone that ended with an error of no known class" },
  splits: { type: "counter", help: "Batches that were halved to find the record at fault" },
  partitionsTaken: { type: "counter", help: "Partitions of a batch that another instance had moved" },
  commitsUnknown: { type: "counter", help: "COMMITs whose answer was lost" },
  differentBodies: { type: "counter", help: "ALARM: message ids that came again with a different body" },
  published: { type: "counter", help: "Outbox rows that the broker acknowledged" },
  publishFailures: { type: "counter", help: "Outbox rows whose delivery failed and was tried again" },
  republished: { type: "counter", help: "Times that the unread was published again, since the broker had lost it" },
  takenOver: { type: "counter", help: "Outbox rows published for an instance that had gone silent" },
  stalls: { type: "counter", help: "Times that the group was joined anew, since partitions of it stood still" },
  commitsRefused: { type: "counter", help: "Offset commits that the broker refused" },
  lastBatchRecords: { type: "gauge", help: "Records in the last batch" },
  outboxWaiting: { type: "gauge", help: "Outbox rows that wait for the broker" },
  outboxAgeMs: { type: "gauge", help: "Since when the oldest of them waits" },
  waitingSinceMs: {
    type: "gauge",
    help: "Since when consuming waits for store or broker, since 1970; 0 while it does not",
  },
  lag: { type: "gauge", help: "Records of the assigned partitions that were not yet handed out" },
} as const;

export type BusMetricName = keyof typeof busMetricDefinitions;

/** Upper bounds, s: a batch is some milliseconds and an fsync; a slow disk shows in the upper ones. */
export const batchBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10] as const;

export interface BusMetrics extends Record<BusMetricName, number> {
  /** Batches that were committed, and the time from the start of their transactions to the end. */
  batches: number;
  batchMs: number;
  /** The same by `batchBounds`; the last is without a bound. */
  readonly batchBuckets: number[];
  /** Records by what they came to, as the service's decide names it. */
  readonly outcomes: Map<string, number>;
  /** Dead letters by reason. */
  readonly deadLetterReasons: Map<string, number>;
  /** Rows that were let go of, by kind. */
  readonly purged: Map<string, number>;
}

export function createBusMetrics(): BusMetrics {
  const names = Object.keys(busMetricDefinitions) as BusMetricName[];
  const zeros = Object.fromEntries(names.map((name) => [name, 0])) as Record<BusMetricName, number>;
  const batchBuckets = Array<number>(batchBounds.length + 1).fill(0);
  return {
    ...zeros,
    batches: 0,
    batchMs: 0,
    batchBuckets,
    outcomes: new Map(),
    deadLetterReasons: new Map(),
    purged: new Map(),
  };
}

export function countBatch(metrics: BusMetrics, durationMs: number): void {
  metrics.batches += 1;
  metrics.batchMs += durationMs;
  const found = batchBounds.findIndex((bound) => durationMs <= bound * 1_000);
  const bucket = found < 0 ? batchBounds.length : found;
  metrics.batchBuckets[bucket] = (metrics.batchBuckets[bucket] ?? 0) + 1;
}

export function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
