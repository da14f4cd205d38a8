import type { Transaction } from "#db/connection.ts";
import { loadRows } from "#db/row-sets.ts";
import { orders, products } from "#db/stock/schema.ts";
import type { RowChanges } from "../batch-rows.ts";
import { saveChanges } from "../save-changes.ts";
import type { Product, StockMessage, StockOrder } from "./decide.ts";

/** What a batch of stock decides on. */
export interface StockRows {
  readonly orders: readonly StockOrder[];
  readonly products: readonly Product[];
}

/** Loads the orders that the messages name, and the products that an order takes or gives back: two statements. */
export async function loadStock(tx: Transaction, events: readonly StockMessage[]): Promise<StockRows> {
  const orderIds = new Set(events.map(({ orderId }) => orderId));
  const loaded = await loadRows(tx, orders, [...orderIds]);
  const productIds = productIdsOf(events, loaded);
  return { orders: loaded, products: productIds.length === 0 ? [] : await loadRows(tx, products, productIds) };
}

/** A rollback says no quantities: which products it gives back is in the order's row, or in a start of the same batch. */
function productIdsOf(events: readonly StockMessage[], loaded: readonly StockOrder[]): string[] {
  const ids = new Set<string>();
  const known = new Set(loaded.map(({ orderId }) => orderId));
  const rolledBack = new Set<string>();
  for (const event of events) {
    if (event.type === "stock.rollback") rolledBack.add(event.orderId);
    // An order that is known already takes nothing.
    if (event.type !== "order.start" || event.data === null || known.has(event.orderId)) continue;
    for (const { productId } of event.data.lines) ids.add(productId);
  }
  for (const { orderId, lines } of loaded) {
    if (rolledBack.has(orderId)) for (const { productId } of lines) ids.add(productId);
  }
  return [...ids];
}

/** What a batch of stock changed. */
export interface StockChanges {
  readonly orders: RowChanges<StockOrder>;
  readonly products: RowChanges<Product>;
}

/** Three statements at most: a batch makes no products. */
export async function saveStock(tx: Transaction, changed: StockChanges): Promise<void> {
  await saveChanges(tx, orders, changed.orders);
  await saveChanges(tx, products, changed.products);
}
