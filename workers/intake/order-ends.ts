import { setTimeout as delay } from "node:timers/promises";

/** Lets requests wait until their orders have ended. */
export interface OrderEnds {
  /** Kept when the order has ended, after `timeoutMs` or when the signal aborts, whichever comes first. */
  wait(orderId: string, timeoutMs: number, signal: AbortSignal): Promise<void>;
}

/**
 * One statement looks for all orders that are waited for, as long as any is: the view may be written by another process.
 * It comes again after a pause four times as long as it took, so that waiting costs a fifth of a processor at most.
 */
const pauseMs = 2;
const pauseToWork = 4;

export function createOrderEnds(findEnded: (orderIds: readonly string[]) => Promise<readonly string[]>): OrderEnds {
  const waiting = new Map<string, Set<() => void>>();
  let looking = false;

  async function look(): Promise<void> {
    looking = true;
    try {
      while (waiting.size > 0) {
        const startedAtMs = performance.now();
        for (const orderId of await findEnded([...waiting.keys()])) release(orderId);
        await delay(Math.max(pauseMs, pauseToWork * (performance.now() - startedAtMs)));
      }
    } catch {
      // Who waits is answered from the store, whose failure then is the answer.
      for (const orderId of waiting.keys()) release(orderId);
    } finally {
      looking = false;
    }
  }

  function release(orderId: string): void {
    for (const resolve of waiting.get(orderId) ?? []) resolve();
    waiting.delete(orderId);
  }

  return {
    async wait(orderId, timeoutMs, signal) {
      if (signal.aborted) return;
      await new Promise<void>((resolve) => {
        const end = () => {
          clearTimeout(timer);
          signal.removeEventListener("abort", end);
          const others = waiting.get(orderId);
          others?.delete(end);
          if (others?.size === 0) waiting.delete(orderId);
          resolve();
        };
        const timer = setTimeout(end, timeoutMs);
        signal.addEventListener("abort", end, { once: true });
        waiting.set(orderId, (waiting.get(orderId) ?? new Set()).add(end));
        if (!looking) void look();
      });
    },
  };
}
