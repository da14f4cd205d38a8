import { useEffect, useState } from "preact/hooks";
import type { OrderGoods, OrderView } from "#contracts/http.ts";
import { ask, type RequestError } from "./access.tsx";

/** Stock is some milliseconds behind the end that intake shows; or it is away, and then it is asked ever more seldom. */
const firstAgainMs = 500;
const againAtMostMs = 30_000;

/** What stock says of an order's goods, once the order has ended in a way that stock does not report; asked until it says so. */
export function useGoods({ id, status }: OrderView): OrderGoods | undefined {
  const [goods, setGoods] = useState<OrderGoods>();
  useEffect(() => {
    if (status !== "paid" && status !== "cancelled") return undefined;
    const leaving = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (againMs: number) => {
      let found: OrderGoods | undefined;
      try {
        found = await ask<OrderGoods>(`/orders/${id}/goods`, { signal: leaving.signal });
        setGoods(found);
      } catch (error) {
        // Its step then says that stock has not told; of an order that was purged it never will.
        if ((error as RequestError).status === 404) return;
      }
      const isTold = status === "paid" ? found?.soldAt !== undefined : found?.releasedAt !== undefined;
      if (isTold || leaving.signal.aborted) return;
      timer = setTimeout(() => void look(Math.min(againAtMostMs, 2 * againMs)), againMs);
    };
    void look(firstAgainMs);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [id, status]);
  return goods;
}
