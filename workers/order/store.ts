import { sql } from "drizzle-orm";
import type { Transaction } from "#db/connection.ts";
import { orders } from "#db/order/schema.ts";
import { loadRows } from "#db/row-sets.ts";
import { outbox } from "#db/shared/schema.ts";
import type { RowChanges } from "../batch-rows.ts";
import { saveChanges } from "../save-changes.ts";
import type { Order } from "./decide.ts";

export function loadOrders(tx: Transaction, orderIds: readonly string[]): Promise<Order[]> {
  return loadRows(tx, orders, orderIds);
}

export function saveOrders(tx: Transaction, changed: RowChanges<Order>): Promise<void> {
  return saveChanges(tx, orders, changed);
}

/** An order whose deadline has passed, and the trace that it was created in, null where its outbox row is purged. */
export interface DueOrder {
  readonly orderId: string;
  readonly traceparent: string | null;
}

/** Orders that were to be paid by `nowMs`, the longest overdue first, at most `limit`. */
export function findDueOrders(tx: Transaction, nowMs: number, limit: number): Promise<DueOrder[]> {
  // The conditions are those of the index orders_due: what is not due costs nothing.
  return tx.all<DueOrder>(sql`
    SELECT ${orders.orderId} AS orderId, ${outbox.traceparent} AS traceparent
    FROM ${orders} LEFT JOIN ${outbox} ON ${outbox.messageId} = 'order.created/' || ${orders.orderId}
    WHERE ${orders.status} = 'created' AND ${orders.expiredAtMs} IS NULL AND ${orders.deadlineAtMs} <= ${nowMs}
    ORDER BY ${orders.deadlineAtMs}, ${orders.orderId} LIMIT ${limit}`);
}
