import { rmSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/**
 * Fairness between processes that write one file. SQLite has no queue: who writes back to back leaves gaps of
 * microseconds, and another that tries now and then starves for seconds (measured: 11 transactions against 555). So who
 * waits leaves a mark beside the file, and who sees a fresh one pauses before its next transaction, for as long as the
 * other sleeps between two tries. Measured: two processes share evenly, the longest wait is 16 ms.
 */
export interface HandOver {
  /** Before a transaction: lets a process that waits go first. */
  giveWay(signal: AbortSignal): Promise<void>;
  /** After a refusal: says that we wait, and sleeps until the next try. */
  waitTurn(signal: AbortSignal): Promise<void>;
  /** Sleeps until the next try without asking anybody to make way. */
  pause(signal: AbortSignal): Promise<void>;
  /** We are in: takes the mark away. */
  done(): void;
}

/** Short, since each try costs only some 0.5 ms; the jitter keeps two who wait from trying in step. */
const longestSleepMs = 4;
/** A mark that is older was left by a process that died. */
const freshMs = 100;

/** `path` is the store's file; undefined for a server, which queues by itself. */
export function createHandOver(path: string | undefined): HandOver {
  const mark = path === undefined ? undefined : `${path}-waiting`;
  return {
    async giveWay(signal) {
      if (mark === undefined) return;
      const seen = statSync(mark, { throwIfNoEntry: false });
      if (seen && Date.now() - seen.mtimeMs < freshMs) await sleep(longestSleepMs, signal);
    },
    async waitTurn(signal) {
      if (mark !== undefined) writeFileSync(mark, "");
      await sleep(Math.random() * longestSleepMs, signal);
    },
    pause: (signal) => sleep(Math.random() * longestSleepMs, signal),
    done() {
      if (mark !== undefined) rmSync(mark, { force: true });
    },
  };
}

async function sleep(durationMs: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(durationMs, undefined, { signal });
  } catch (error) {
    // The timer rejects with an error of its own; callers know the reason that they gave.
    signal.throwIfAborted();
    throw error;
  }
}
