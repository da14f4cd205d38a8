import type { BatchHandler, Handled } from "#bus/batch-handler.ts";
import { groups } from "#contracts/topics.ts";
import type { Transaction } from "#db/connection.ts";
import { createBatchRows } from "../batch-rows.ts";
import { decideBatch, orderIdsOf, type Traced } from "../decide-batch.ts";
import { decide, type OrderContext, type OrderMessage } from "./decide.ts";
import { findDueOrders, loadOrders, saveOrders } from "./store.ts";

export type OrderSettings = Omit<OrderContext, "nowMs">;

export type OrderReads = "stock.success" | "stock.failed" | "order.cancel.request" | "payment.success" | "order.cancel";

/** The order service on the bus. */
export function createOrderHandler(settings: OrderSettings): BatchHandler<OrderReads> {
  return {
    service: "order",
    groupId: groups.order,
    reads: ["stock.success", "stock.failed", "order.cancel.request", "payment.success", "order.cancel"],
    handle: decideMessages,
    discard: (tx, message, nowMs) => decideMessages(tx, [message], nowMs),
  };

  async function decideMessages(
    tx: Transaction,
    messages: readonly Traced<OrderMessage>[],
    nowMs: number,
  ): Promise<Handled> {
    const orders = createBatchRows(await loadOrders(tx, orderIdsOf(messages)), ({ orderId }) => orderId);
    const handled = decideBatch(messages, (event) => {
      const decision = decide(orders.current.get(event.orderId), event, { ...settings, nowMs });
      if (decision.order !== undefined) orders.put(event.orderId, decision.order);
      return decision;
    });
    await saveOrders(tx, orders.changes());
    return handled;
  }
}

/**
 * Decides the deadlines that passed by `nowMs`, at most `limit`, in three statements. As many outcomes as `limit` means
 * that more may be due. Each order comes once: what it publishes is saved with the moment at which it did.
 */
export async function expireOrders(
  tx: Transaction,
  settings: OrderSettings,
  nowMs: number,
  limit: number,
): Promise<Handled> {
  const due = await findDueOrders(tx, nowMs, limit);
  if (due.length === 0) return { outbox: [], outcomes: [] };
  const loaded = await loadOrders(
    tx,
    due.map(({ orderId }) => orderId),
  );
  const orders = createBatchRows(loaded, ({ orderId }) => orderId);
  const decided = due.map(({ orderId, traceparent }) => {
    const message = { type: "deadline.passed", orderId } as const;
    const { order, outbox, outcome } = decide(orders.current.get(orderId), message, { ...settings, nowMs });
    if (order !== undefined) orders.put(orderId, order);
    return { outbox: outbox.map((event) => ({ event, traceparent })), outcome };
  });
  await saveOrders(tx, orders.changes());
  return { outbox: decided.flatMap(({ outbox }) => outbox), outcomes: decided.map(({ outcome }) => outcome) };
}
