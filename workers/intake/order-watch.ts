import type { OrderView } from "#contracts/http.ts";
import type { OrderNews } from "./order-news.ts";
import { orderView } from "./order-view.ts";

/** Lets viewers follow one order each. */
export interface OrderWatch {
  /** The order as it is after its next change, or undefined: nothing came within `timeoutMs`, or the signal aborted. */
  change(orderId: string, timeoutMs: number, signal: AbortSignal): Promise<OrderView | undefined>;
}

export function createOrderWatch(news: Pick<OrderNews, "listen">): OrderWatch {
  const watched = new Map<string, Set<(order: OrderView | undefined) => void>>();
  let leave: (() => void) | undefined;

  function listen(): void {
    leave ??= news.listen((changes) => {
      for (const { after } of changes) {
        const viewers = watched.get(after.orderId);
        if (viewers === undefined) continue;
        const order = orderView(after);
        for (const tell of viewers) tell(order);
      }
    });
  }

  function forget(orderId: string, tell: (order: OrderView | undefined) => void): void {
    const viewers = watched.get(orderId);
    viewers?.delete(tell);
    if (viewers?.size === 0) watched.delete(orderId);
    if (watched.size > 0) return;
    leave?.();
    leave = undefined;
  }

  return {
    change: (orderId, timeoutMs, signal) =>
      new Promise((resolve) => {
        const end = (order: OrderView | undefined) => {
          clearTimeout(timer);
          signal.removeEventListener("abort", onAbort);
          forget(orderId, end);
          resolve(order);
        };
        const onAbort = () => end(undefined);
        const timer = setTimeout(end, timeoutMs, undefined);
        signal.addEventListener("abort", onAbort, { once: true });
        watched.set(orderId, (watched.get(orderId) ?? new Set()).add(end));
        listen();
        if (signal.aborted) onAbort();
      }),
  };
}

const ranks = { received: 0, created: 1, paid: 2, rejected: 3, cancelled: 3 } as const;

/** Rises with each change of an order, in every process and after every restart: facts are never taken back. */
export const versionOf = ({ timeline, status }: OrderView): number => Object.keys(timeline).length + ranks[status];
