/** When the orders of an open loop are due: evenly, from its beginning on, whatever becomes of those before. */
export interface Schedule {
  readonly count: number;
  /** Ms after the beginning. */
  dueAtMs(index: number): number;
  /** How many are due `elapsedMs` after the beginning. */
  dueBy(elapsedMs: number): number;
}

export function createSchedule(ratePerSecond: number, durationMs: number): Schedule {
  const intervalMs = 1_000 / ratePerSecond;
  // What a division leaves over must not add an order at the very end.
  const count = Math.ceil(durationMs / intervalMs - 1e-9);
  return {
    count,
    dueAtMs: (index) => index * intervalMs,
    dueBy: (elapsedMs) => (elapsedMs < 0 ? 0 : Math.min(count, Math.floor(elapsedMs / intervalMs + 1e-9) + 1)),
  };
}
