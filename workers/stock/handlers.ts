import type { BatchHandler } from "#bus/batch-handler.ts";
import { groups } from "#contracts/topics.ts";
import { createBatchRows } from "../batch-rows.ts";
import { decideBatch } from "../decide-batch.ts";
import { decide } from "./decide.ts";
import { loadStock, saveStock, type StockEvent } from "./store.ts";

/** Stock on the bus. */
export const stockHandler: BatchHandler<StockEvent["type"]> = {
  service: "stock",
  groupId: groups.stock,
  reads: ["order.start", "payment.success", "stock.rollback"],
  async handle(tx, messages, nowMs) {
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
  },
};
