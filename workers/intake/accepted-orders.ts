import { eq, sql } from "drizzle-orm";
import type { Database, Transaction } from "#db/connection.ts";
import { orders } from "#db/intake/schema.ts";
import { insertRows } from "#db/row-sets.ts";

/** An order as intake keeps it. */
export type OrderRow = typeof orders.$inferSelect;

/** A customer's Idempotency-Key. */
export interface CustomerKey {
  readonly customerId: string;
  readonly idempotencyKey: string;
}

/** What is needed of an order to answer a repeated request as the first one was. */
export type FirstAnswer = Pick<
  OrderRow,
  "orderId" | "customerId" | "currency" | "lines" | "idempotencyKey" | "bodyHash" | "receivedAtMs"
>;

/** The orders that were accepted under these keys, in one statement. Name each key once. */
export async function findByKeys(tx: Transaction, keys: readonly CustomerKey[]): Promise<FirstAnswer[]> {
  if (keys.length === 0) return [];
  // Left to choose, SQLite takes the customer's index and reads all orders of the customer.
  const pairs = keys.map(({ customerId, idempotencyKey }) => [customerId, idempotencyKey]);
  const rows = await tx.all<Omit<FirstAnswer, "lines"> & { readonly lines: string }>(sql`
    SELECT o.order_id AS orderId, o.customer_id AS customerId, o.currency AS currency, o.lines AS lines,
      o.idempotency_key AS idempotencyKey, o.body_hash AS bodyHash, o.received_at_ms AS receivedAtMs
    FROM json_each(${JSON.stringify(pairs)}) AS keys
    CROSS JOIN ${orders} o INDEXED BY orders_idempotency
      ON o.customer_id = keys.value ->> 0 AND o.idempotency_key = keys.value ->> 1 AND o.idempotency_key IS NOT NULL`);
  return rows.map((row) => ({ ...row, lines: JSON.parse(row.lines) as FirstAnswer["lines"] }));
}

/** Adds accepted orders, in one statement. */
export async function insertOrders(tx: Transaction, rows: readonly OrderRow[]): Promise<void> {
  if (rows.length > 0) await insertRows(tx, orders, rows);
}

export async function readOrder(database: Database, orderId: string): Promise<OrderRow | undefined> {
  const [row] = await database.select().from(orders).where(eq(orders.orderId, orderId));
  return row;
}

/** Those of the orders that have ended, in one statement. A paid one that is cancelled has its end before it. */
export async function findEnded(database: Database, orderIds: readonly string[]): Promise<string[]> {
  const rows = await database.all<{ orderId: string }>(sql`
    SELECT o.order_id AS orderId FROM json_each(${JSON.stringify(orderIds)}) AS keys
    CROSS JOIN ${orders} o ON o.order_id = keys.value
    WHERE o.status IN ('rejected', 'cancelled') OR (o.status = 'paid' AND o.cancel_requested_at_ms IS NULL)`);
  return rows.map(({ orderId }) => orderId);
}

/** Orders that have no end yet and have been as they are since a moment, epoch ms, the oldest first. */
export async function readUnchanged(database: Database, sinceMs: number, limit: number): Promise<OrderRow[]> {
  // An id begins with the moment at which it was made: what is younger need not be looked at.
  const firstYounger = `${Math.max(0, sinceMs + 1)
    .toString(16)
    .padStart(12, "0")
    .replace(/^(.{8})/, "$1-")}-`;
  const lastFact = sql`max(received_at_ms, coalesce(reserved_at_ms, 0), coalesce(created_at_ms, 0), coalesce(paid_at_ms, 0),
    coalesce(cancel_requested_at_ms, 0))`;
  // Each condition is that of an index: orders_in_flight, orders_cancelling.
  const open = [sql`status IN ('received', 'created')`, sql`status = 'paid' AND cancel_requested_at_ms IS NOT NULL`];
  const found: OrderRow[] = [];
  for (const condition of open) {
    const where = sql`${condition} AND order_id < ${firstYounger} AND ${lastFact} <= ${sinceMs}`;
    found.push(...(await database.select().from(orders).where(where).orderBy(orders.orderId).limit(limit)));
  }
  return found;
}

/** Orders that have no end yet. As many steps as there are, whatever the size of the store. */
export async function countInFlight(database: Database): Promise<number> {
  // The condition is that of the index orders_in_flight.
  const [row] = await database.all<{ inFlight: number }>(sql`
    SELECT count(*) AS inFlight FROM ${orders} WHERE status IN ('received', 'created')`);
  return row?.inFlight ?? 0;
}

/** The same by status. The rows are looked up, so for who watches, not for each order. */
export async function countByStatus(database: Database): Promise<{ received: number; created: number }> {
  const rows = await database.all<{ status: "received" | "created"; count: number }>(sql`
    SELECT status, count(*) AS count FROM ${orders} WHERE status IN ('received', 'created') GROUP BY status`);
  const counts = { received: 0, created: 0 };
  for (const { status, count } of rows) counts[status] = count;
  return counts;
}
