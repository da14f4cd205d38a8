import { setTimeout as delay } from "node:timers/promises";
import type { Outcome } from "#bus/batch-handler.ts";
import type { CatchUp } from "#bus/consume/catch-up.ts";
import { describeError } from "#bus/batch/error-policy.ts";
import type { Log } from "#bus/log.ts";
import type { Bus } from "#bus/start-bus.ts";
import { expireOrders, type OrderSettings } from "./handlers.ts";

export interface DeadlinesOptions {
  readonly write: Bus["write"];
  readonly settings: OrderSettings;
  readonly intervalMs: number;
  /** After a downtime all that became overdue in it is due at once. */
  readonly perSecond: number;
  /** Watches until this service has read the verdicts that are in its topics by now. */
  readonly catchUp: () => CatchUp;
  /** Consuming stands still: verdicts may be waiting. */
  readonly isBehind: () => boolean;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Told what each due order came to, when that is durable. */
  readonly onDecided: (outcomes: readonly Outcome[]) => void;
}

/** One transaction is to take no longer than some 20 ms. */
const ordersAtMost = 500;

/**
 * Decides deadlines as they pass, until the signal aborts. A failure of the store is logged, and the next turn tries again:
 * an order stays due until it is decided. Several instances may do it at once, as each finds the rows that the others left.
 *
 * While the service or its broker was away, payments went on: an order that is overdue when it is back may have been paid
 * long ago. So none is decided before the verdicts are read that were waiting, at each start and after each standstill.
 */
export async function runDeadlines(options: DeadlinesOptions): Promise<void> {
  const { intervalMs, signal } = options;
  const isReady = createReadiness(options);
  const allowance = createAllowance(options.perSecond);
  let isWaiting = false;
  while (!signal.aborted) {
    try {
      const now = await isReady();
      if (isWaiting && now) options.log({ level: "info", message: "verdicts are read, deadlines are decided" });
      isWaiting = !now;
      if (now) await expireAll(options, allowance);
    } catch (error) {
      if (signal.aborted) return;
      // Once for as long as it lasts: with the broker away each turn fails.
      if (!isWaiting) options.log({ level: "warn", message: "deadlines wait", error: describeError(error) });
      isWaiting = true;
    }
    // An abort ends the loop.
    await delay(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

function createReadiness({ catchUp, isBehind }: DeadlinesOptions): () => Promise<boolean> {
  let current = catchUp();
  return async () => {
    if (!isBehind()) return current.isDone();
    current = catchUp();
    return false;
  };
}

interface Allowance {
  /** How many may be decided now. */
  now(): number;
  take(count: number): void;
}

/** So many a second, and never more than a second's worth at once, however long none was due. */
function createAllowance(perSecond: number): Allowance {
  let left = perSecond;
  let atMs = performance.now();
  return {
    now() {
      const nowMs = performance.now();
      left = Math.min(perSecond, left + ((nowMs - atMs) * perSecond) / 1_000);
      atMs = nowMs;
      return Math.floor(left);
    },
    take: (count) => void (left -= count),
  };
}

async function expireAll(options: DeadlinesOptions, allowance: Allowance): Promise<void> {
  for (;;) {
    const limit = Math.min(ordersAtMost, allowance.now());
    if (limit === 0) return;
    const decided = await expireSome(options, limit);
    allowance.take(decided);
    if (decided < limit) return;
  }
}

async function expireSome({ write, settings, signal, onDecided }: DeadlinesOptions, limit: number): Promise<number> {
  const outcomes = await write(signal, async (tx, nowMs) => {
    const { outcomes: result, outbox } = await expireOrders(tx, settings, nowMs, limit);
    return { result, outbox };
  });
  if (outcomes.length > 0) onDecided(outcomes);
  return outcomes.length;
}
