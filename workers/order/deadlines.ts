import { setTimeout as delay } from "node:timers/promises";
import type { Outcome } from "#bus/batch-handler.ts";
import type { Log } from "#bus/log.ts";
import type { Bus } from "#bus/start-bus.ts";
import { expireOrders, type OrderSettings } from "./handlers.ts";

export interface DeadlinesOptions {
  readonly write: Bus["write"];
  readonly settings: OrderSettings;
  readonly intervalMs: number;
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
 */
export async function runDeadlines(options: DeadlinesOptions): Promise<void> {
  const { intervalMs, signal, log } = options;
  while (!signal.aborted) {
    try {
      while ((await expireSome(options)) === ordersAtMost);
      await delay(intervalMs, undefined, { signal });
    } catch (error) {
      if (signal.aborted) return;
      log({ level: "warn", message: "deadlines wait", error: error instanceof Error ? error.message : String(error) });
      // The next turn comes as soon as it would have; an abort ends the loop.
      await delay(intervalMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function expireSome({ write, settings, signal, onDecided }: DeadlinesOptions): Promise<number> {
  const outcomes = await write(signal, async (tx, nowMs) => {
    const { outcomes: result, outbox } = await expireOrders(tx, settings, nowMs, ordersAtMost);
    return { result, outbox };
  });
  if (outcomes.length > 0) onDecided(outcomes);
  return outcomes.length;
}
