import type { Line, Reason, ShortLine } from "#contracts/fields.ts";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** What intake accepted and shows. Moments are columns, since each fact of an order happens once. */
export const orders = sqliteTable("orders", {
  orderId: text("order_id").primaryKey().notNull(),
  customerId: text("customer_id").notNull(),
  currency: text().notNull(),
  lines: text({ mode: "json" }).$type<readonly Line[]>().notNull(),
  /** Scope: the customer. */
  idempotencyKey: text("idempotency_key"),
  /** Of the canonical body: the same key with another body is refused. */
  bodyHash: text("body_hash").notNull(),
  status: text({ enum: ["received", "created", "paid", "rejected", "cancelled"] }).notNull(),
  reason: text().$type<Reason>(),
  shortLines: text("short_lines", { mode: "json" }).$type<readonly ShortLine[]>(),
  totalMinor: integer("total_minor"),
  refundedMinor: integer("refunded_minor"),
  deadlineAtMs: integer("deadline_at_ms"),
  receivedAtMs: integer("received_at_ms").notNull(),
  reservedAtMs: integer("reserved_at_ms"),
  createdAtMs: integer("created_at_ms"),
  paidAtMs: integer("paid_at_ms"),
  cancelRequestedAtMs: integer("cancel_requested_at_ms"),
  refundedAtMs: integer("refunded_at_ms"),
  rejectedAtMs: integer("rejected_at_ms"),
  cancelledAtMs: integer("cancelled_at_ms"),
});
