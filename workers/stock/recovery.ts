import { sql } from "drizzle-orm";
import type { Learned, OrderFacts, Recovery } from "#bus/recover/recovery.ts";
import type { Transaction } from "#db/connection.ts";
import { insertRows, loadRows, saveRows } from "#db/row-sets.ts";
import { orders, products } from "#db/stock/schema.ts";
import type { StockMessage, StockOrder } from "./decide.ts";

/**
 * What stock had told, it holds again. A rollback is learned with it, so that pieces which were given back are not missed.
 */
export const stockRecovery: Recovery<StockMessage["type"]> = {
  learnsFrom: ["stock.success", "stock.failed", "stock.rollback"],
  steps: ["order.start"],
  async learn(tx, facts): Promise<Learned> {
    const ids = facts.map(({ orderId }) => orderId);
    const known = new Map((await loadRows(tx, orders, ids)).map((row) => [row.orderId, row]));
    const changed = facts.flatMap((told) => {
      const row = known.get(told.orderId);
      const learned = learnStock(row, told);
      return learned === undefined || learned === row ? [] : [learned];
    });
    await addProducts(tx, facts);
    if (changed.length > 0) await saveRows(tx, orders, changed);
    return { rows: changed.length, missing: [], problems: [] };
  },
  settle: countShelves,
};

/** The row that follows from what stock told of an order; the very row where it knew that. Exported for tests. */
export function learnStock(row: StockOrder | undefined, { orderId, told }: OrderFacts): StockOrder | undefined {
  const success = told("stock.success");
  const failed = told("stock.failed");
  const rollback = told("stock.rollback");
  const blank = { orderId, lines: [], reason: null, reservedAtMs: null, refusedAtMs: null, soldAtMs: null };
  let learned: StockOrder | undefined = row;
  if (row === undefined && success !== undefined) {
    const lines = success.data.lines.map(({ productId, quantity }) => ({ productId, quantity }));
    learned = { ...blank, status: "reserved", lines, reservedAtMs: success.atMs, rolledBackAtMs: null };
  } else if (row === undefined && failed !== undefined) {
    const { reason } = failed.data;
    learned = { ...blank, status: "refused", reason, refusedAtMs: failed.atMs, rolledBackAtMs: null };
  }
  if (rollback === undefined || (learned?.status !== "reserved" && learned?.status !== "sold")) return learned;
  return { ...learned, status: "released", reason: rollback.data.reason, rolledBackAtMs: rollback.atMs };
}

/** Products that only stock's own messages tell of, at the price that they told last; what lies on the shelf they do not say. */
async function addProducts(tx: Transaction, facts: readonly OrderFacts[]): Promise<void> {
  const prices = new Map<string, { readonly atMs: number; readonly priceMinor: number }>();
  for (const { told } of facts) {
    const success = told("stock.success");
    for (const { productId, priceMinor } of success?.data.lines ?? []) {
      const atMs = success?.atMs ?? 0;
      if ((prices.get(productId)?.atMs ?? -1) < atMs) prices.set(productId, { atMs, priceMinor });
    }
  }
  if (prices.size === 0) return;
  const known = new Set((await loadRows(tx, products, [...prices.keys()])).map(({ productId }) => productId));
  const unknown = [...prices].filter(([productId]) => !known.has(productId));
  if (unknown.length === 0) return;
  await insertRows(
    tx,
    products,
    unknown.map(([productId, { priceMinor }]) => ({ productId, available: 0, priceMinor })),
  );
}

/**
 * What is available follows from what came in and what orders hold or have sold. Where they have more than came in, so much
 * did come in after the copy: it is booked, since pieces must come from somewhere.
 */
async function countShelves(tx: Transaction, nowMs: number): Promise<string[]> {
  const key = `recovered/${nowMs}`;
  const counted = sql`
    WITH taken AS (
      SELECT line.value ->> 'productId' AS product_id, sum(line.value ->> 'quantity') AS quantity
      FROM orders, json_each(orders.lines) AS line WHERE status IN ('reserved', 'sold') GROUP BY 1
    ), came AS (
      SELECT product_id, sum(quantity) AS quantity FROM restocks GROUP BY 1
    ), counted AS (
      SELECT products.product_id,
        coalesce(came.quantity, 0) - coalesce(taken.quantity, 0) - coalesce(shipped.quantity, 0) AS available
      FROM products LEFT JOIN came USING (product_id) LEFT JOIN taken USING (product_id) LEFT JOIN shipped USING (product_id)
    )`;
  const short = await tx.all<{ productId: string; missing: number }>(sql`
    ${counted} SELECT product_id AS productId, -available AS missing FROM counted WHERE available < 0 ORDER BY 1`);
  if (short.length > 0) {
    await tx.run(sql`INSERT INTO requests (idempotency_key, body_hash, at_ms) VALUES (${key}, 'recovered', ${nowMs})`);
    const rows = JSON.stringify(short.map(({ productId, missing }) => [productId, missing]));
    await tx.run(sql`
      INSERT INTO restocks (idempotency_key, product_id, quantity)
      SELECT ${key}, value ->> 0, value ->> 1 FROM json_each(${rows})`);
  }
  await tx.run(sql`
    ${counted} UPDATE products SET available = counted.available FROM counted
    WHERE counted.product_id = products.product_id AND products.available <> counted.available`);
  return short.map(
    ({ productId, missing }) =>
      `product ${productId}: orders have ${missing} pieces more than this store knows to have come in. They are booked as ` +
      `come in, under ${key}, and none is available: enter what else came in since the copy (POST /restocks)`,
  );
}
