import type { BatchHandler, Handled } from "#bus/batch-handler.ts";
import { groups } from "#contracts/topics.ts";
import type { Transaction } from "#db/connection.ts";
import { createBatchRows } from "../batch-rows.ts";
import { decideBatch, type Traced } from "../decide-batch.ts";
import { decide, type StockMessage } from "./decide.ts";
import { loadStock, saveStock } from "./store.ts";

/** Stock on the bus. */
export const stockHandler: BatchHandler<StockMessage["type"]> = {
  service: "stock",
  groupId: groups.stock,
  reads: ["order.start", "payment.success", "stock.rollback"],
  handle: decideMessages,
  discard: (tx, message, nowMs) => decideMessages(tx, [message], nowMs),
};

async function decideMessages(
  tx: Transaction,
  messages: readonly Traced<StockMessage>[],
  nowMs: number,
): Promise<Handled> {
  const loaded = await loadStock(
    tx,
    messages.map(({ event }) => event),
  );
  const orders = createBatchRows(loaded.orders, ({ orderId }) => orderId);
  const products = createBatchRows(loaded.products, ({ productId }) => productId);
  const handled = decideBatch(messages, (event) => {
    const state = { order: orders.current.get(event.orderId), products: products.current };
    const decision = decide(state, event, { nowMs });
    if (decision.order !== undefined) orders.put(event.orderId, decision.order);
    for (const product of decision.products) products.put(product.productId, product);
    return decision;
  });
  await saveStock(tx, { orders: orders.changes(), products: products.changes() });
  return handled;
}
