import { setTimeout as delay } from "node:timers/promises";

/** Waits that double from `minMs` to `maxMs`, each shortened at random by up to half: instances that failed together part. */
export interface BackOff {
  /** How long to wait now, ms. */
  nextMs(): number;
  /** It works again. */
  reset(): void;
}

export function createBackOff(minMs: number, maxMs: number, random: () => number = Math.random): BackOff {
  let failures = 0;
  return {
    nextMs: () => backOffMs(failures++, minMs, maxMs, random),
    reset: () => void (failures = 0),
  };
}

/** The wait after so many `failures` before this one, ms. */
export function backOffMs(failures: number, minMs: number, maxMs: number, random: () => number = Math.random): number {
  // Beyond 2^30 times the minimum the cap has long been reached.
  const fullMs = Math.min(maxMs, minMs * 2 ** Math.min(failures, 30));
  return fullMs * (1 - random() / 2);
}

/** Sleeps, or ends early without an error when the signal aborts: loops look at the signal themselves. */
export async function sleep(durationMs: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(durationMs, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
