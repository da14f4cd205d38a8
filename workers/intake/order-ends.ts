import { setTimeout as delay } from "node:timers/promises";
import type { View } from "./decide.ts";
import type { OrderNews } from "./order-news.ts";

/** Lets requests wait until their orders have ended. */
export interface OrderEnds {
  /**
   * Kept when the order ends, after `timeoutMs` or when the signal aborts, whichever comes first. It is for ends from now on:
   * look at the order after the call.
   */
  wait(orderId: string, timeoutMs: number, signal: AbortSignal): Promise<void>;
}

/**
 * Who waits is told by this process's own news. Beside that one statement looks now and then for all orders that are waited
 * for, as long as any is: another process may write the view, and an answer to a COMMIT may be lost.
 */
const lookEveryMs = 250;

export function createOrderEnds(
  news: Pick<OrderNews, "listen">,
  findEnded: (orderIds: readonly string[]) => Promise<readonly string[]>,
): OrderEnds {
  const waiting = new Map<string, Set<() => void>>();
  let looking = false;

  async function look(): Promise<void> {
    looking = true;
    const leave = news.listen((changes) => {
      for (const { after } of changes) if (hasEnded(after)) release(after.orderId);
    });
    try {
      for (;;) {
        await delay(lookEveryMs);
        if (waiting.size === 0) break;
        for (const orderId of await findEnded([...waiting.keys()])) release(orderId);
      }
    } catch {
      // Who waits is answered from the store, whose failure then is the answer.
      for (const orderId of waiting.keys()) release(orderId);
    } finally {
      leave();
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

/** As `findEnded` says it of rows: a paid order that is cancelled has its end before it. */
function hasEnded({ status, cancelRequestedAtMs }: View): boolean {
  if (status === "paid") return cancelRequestedAtMs === null;
  return status === "rejected" || status === "cancelled";
}
