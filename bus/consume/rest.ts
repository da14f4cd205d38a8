/** So many rests may be owed before one is taken: a message or two that come alone are handled at once. */
const owedAtMost = 2;

/** Short rests of a reader, in which more comes together for its next batch. */
export interface Rest {
  /** How long to rest before the next poll, ms; 0 as long as the reader had time of its own. */
  dueMs(): number;
  /** A batch begins: since the last one ended nothing was to be done. */
  begun(): void;
  ended(): void;
}

/**
 * A reader that is never out of work polls at once after each batch, and finds what came in a few ms: five messages at 500 orders
 * a second, so that their transactions fill the machine and each message waits for those of others. So each batch makes the
 * reader owe `restMs`; time without work pays it off, and what is owed beyond two of them is rested.
 */
export function createRest(restMs: number, nowMs: () => number = () => performance.now()): Rest {
  let owedMs = 0;
  let idleSinceMs = nowMs();
  const payOff = () => {
    const atMs = nowMs();
    owedMs = Math.max(0, owedMs - (atMs - idleSinceMs));
    idleSinceMs = atMs;
  };
  return {
    dueMs() {
      payOff();
      return Math.max(0, owedMs - owedAtMost * restMs);
    },
    begun: payOff,
    ended() {
      owedMs += restMs;
      idleSinceMs = nowMs();
    },
  };
}
