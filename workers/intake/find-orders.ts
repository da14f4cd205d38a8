import { type SQL, and, desc, eq, sql } from "drizzle-orm";
import type { Reason } from "#contracts/fields.ts";
import type { Database } from "#db/connection.ts";
import { orders } from "#db/intake/schema.ts";
import type { OrderRow } from "./accepted-orders.ts";

/** What people look for; all that is given must be so. */
export interface OrderQuery {
  readonly customer?: string | undefined;
  /** The Idempotency-Key that it was placed with. */
  readonly key?: string | undefined;
  readonly status?: OrderRow["status"] | undefined;
  readonly reason?: Reason | undefined;
  /** Only older ones than this order. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface FoundOrders {
  readonly rows: readonly OrderRow[];
  /** Where to go on: there may be more. */
  readonly next: string | undefined;
}

/**
 * Without an index for it, one look goes through so many orders and then says where to go on: an index for each question would
 * be paid for by every order, and a scan of all would hold up all orders meanwhile.
 */
const looksThrough = 5_000;

/** Orders that fit, newest first: ids rise with time. */
export async function findOrders(database: Database, query: OrderQuery): Promise<FoundOrders> {
  const { cursor, limit } = query;
  const walked = sql`SELECT order_id, status, reason FROM ${orders} ${source(query)} ORDER BY order_id DESC LIMIT ${looksThrough}`;
  const fits = [
    query.status === undefined ? undefined : sql`status = ${query.status}`,
    query.reason === undefined ? undefined : sql`reason = ${query.reason}`,
  ].filter((condition) => condition !== undefined);
  const where = fits.length === 0 ? sql`true` : sql.join(fits, sql` AND `);
  // One more than asked for says whether there is another page.
  const ids = await database.all<{ orderId: string }>(sql`
    SELECT order_id AS orderId FROM (${walked}) WHERE ${where} ORDER BY order_id DESC LIMIT ${limit + 1}`);
  const rows = await readAll(
    database,
    ids.slice(0, limit).map(({ orderId }) => orderId),
  );
  if (ids.length > limit) return { rows, next: rows.at(-1)?.orderId };
  const [end] = await database.all<{ orderId: string }>(sql`
    SELECT order_id AS orderId FROM ${orders} ${source(query)}
    ORDER BY order_id DESC LIMIT 1 OFFSET ${looksThrough - 1}`);
  return { rows, next: end?.orderId === cursor ? undefined : end?.orderId };
}

/** What an index finds: the orders of a key or of a customer, or those in flight. */
function source({ customer, key, status, cursor }: OrderQuery): SQL {
  const conditions = [
    key === undefined ? undefined : eq(orders.idempotencyKey, key),
    customer === undefined ? undefined : eq(orders.customerId, customer),
    // In these words it is the condition of the index orders_in_flight.
    status === "received" || status === "created" ? sql`status IN ('received', 'created')` : undefined,
    cursor === undefined ? undefined : sql`${orders.orderId} < ${cursor}`,
  ];
  return sql`WHERE ${and(...conditions) ?? sql`true`}`;
}

async function readAll(database: Database, orderIds: readonly string[]): Promise<OrderRow[]> {
  if (orderIds.length === 0) return [];
  return database
    .select()
    .from(orders)
    .where(sql`${orders.orderId} IN (SELECT value FROM json_each(${JSON.stringify(orderIds)}))`)
    .orderBy(desc(orders.orderId));
}
