import { type SQL, sql } from "drizzle-orm";
import type { Line } from "#contracts/fields.ts";
import type { Service } from "#contracts/topics.ts";
import type { Transaction } from "#db/connection.ts";

export interface IntakeRow {
  readonly orderId: string;
  readonly status: string;
  readonly reason: string | null;
  readonly customerId: string;
  readonly currency: string;
  readonly lines: readonly Line[];
  readonly totalMinor: number | null;
  readonly refundedMinor: number | null;
  /** Publishes without a change of status, so it tells whether the row is still the same. */
  readonly cancelRequestedAtMs: number | null;
}

export interface StockRow {
  readonly orderId: string;
  readonly status: string;
  readonly reason: string | null;
  readonly lines: readonly Line[];
  /** What stock.success told, while the outbox has it. */
  readonly told: Told | null;
}

export interface Told {
  readonly customerId: string;
  readonly currency: string;
  readonly lines: readonly (Line & { readonly priceMinor: number })[];
  readonly totalMinor: number | null;
}

export interface OrderRow {
  readonly orderId: string;
  readonly status: string;
  readonly reason: string | null;
  readonly customerId: string | null;
  readonly currency: string | null;
  readonly totalMinor: number | null;
  /** These two publish without a change of status, so they tell whether the row is still the same. */
  readonly cancelRequestedAtMs: number | null;
  readonly expiredAtMs: number | null;
  /** 1 when its outbox has order.cancel of this order. */
  readonly cancelled: number;
}

export interface PaymentRow {
  readonly orderId: string;
  readonly status: string;
  readonly reason: string | null;
  readonly customerId: string | null;
  readonly currency: string | null;
  readonly amountMinor: number | null;
  /** 1 when its outbox has order.cancel of this order. */
  readonly cancelled: number;
}

export interface Rows {
  readonly intake: IntakeRow;
  readonly stock: StockRow;
  readonly order: OrderRow;
  readonly payment: PaymentRow;
}

/** What all services keep of one order. */
export type WholeOrder = { readonly orderId: string } & { readonly [S in Service]: Rows[S] | undefined };

/** Names a row's fields; the values are SQL over the service's table. */
type Columns<S extends Service> = Readonly<Record<keyof Rows[S], SQL>>;

const cancelled = sql`EXISTS (SELECT 1 FROM outbox WHERE message_id = 'order.cancel/' || order_id)`;

const columns: { readonly [S in Service]: Columns<S> } = {
  intake: {
    orderId: sql`order_id`,
    status: sql`status`,
    reason: sql`reason`,
    customerId: sql`customer_id`,
    currency: sql`currency`,
    lines: sql`json(lines)`,
    totalMinor: sql`total_minor`,
    refundedMinor: sql`refunded_minor`,
    cancelRequestedAtMs: sql`cancel_requested_at_ms`,
  },
  stock: {
    orderId: sql`order_id`,
    status: sql`status`,
    reason: sql`reason`,
    lines: sql`json(lines)`,
    told: sql`json((SELECT CAST(value AS TEXT) -> '$.data' FROM outbox
      WHERE message_id = 'stock.success/' || order_id))`,
  },
  order: {
    orderId: sql`order_id`,
    status: sql`status`,
    reason: sql`reason`,
    customerId: sql`customer_id`,
    currency: sql`currency`,
    totalMinor: sql`total_minor`,
    cancelRequestedAtMs: sql`cancel_requested_at_ms`,
    expiredAtMs: sql`expired_at_ms`,
    cancelled,
  },
  payment: {
    orderId: sql`order_id`,
    status: sql`status`,
    reason: sql`reason`,
    customerId: sql`customer_id`,
    currency: sql`currency`,
    amountMinor: sql`amount_minor`,
    cancelled,
  },
};

/** Rows in the order of their ids, after one of them. */
export function loadPage<S extends Service>(
  service: S,
  tx: Transaction,
  afterOrderId: string,
  limit: number,
): Promise<Rows[S][]> {
  return load(service, tx, sql`WHERE order_id > ${afterOrderId} ORDER BY order_id LIMIT ${limit}`);
}

/** The rows of these orders, in the order of their ids. */
export function loadOrders<S extends Service>(
  service: S,
  tx: Transaction,
  orderIds: readonly string[],
): Promise<Rows[S][]> {
  const ids = JSON.stringify(orderIds);
  return load(service, tx, sql`WHERE order_id IN (SELECT value FROM json_each(${ids})) ORDER BY order_id`);
}

/** A page travels as one JSON text: the client would build every cell by itself, at twice the CPU. */
async function load<S extends Service>(service: S, tx: Transaction, which: SQL): Promise<Rows[S][]> {
  const names = Object.keys(columns[service]);
  const cells = Object.values<SQL>(columns[service]);
  const table = sql.raw(service === "payment" ? "payments" : "orders");
  const [found] = await tx.all<{ rows: string }>(sql`
    SELECT json_group_array(json_array(${sql.join(cells, sql`, `)})) AS rows FROM (SELECT * FROM ${table} ${which})`);
  const rows = JSON.parse(found?.rows ?? "[]") as unknown[][];
  // The cast: `columns` names the properties of Rows, which JSON cannot tell the compiler.
  return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]])) as unknown as Rows[S]);
}
