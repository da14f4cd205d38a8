import type { Reason } from "#contracts/fields.ts";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** Where each order stands, by who owns its outcome until payment is asked. */
export const orders = sqliteTable("orders", {
  orderId: text("order_id").primaryKey(),
  status: text({ enum: ["cancelling", "created", "paid", "rejected", "cancelled"] }).notNull(),
  reason: text().$type<Reason>(),
  customerId: text("customer_id"),
  currency: text(),
  totalMinor: integer("total_minor"),
  createdAtMs: integer("created_at_ms"),
  deadlineAtMs: integer("deadline_at_ms"),
  cancelRequestedAtMs: integer("cancel_requested_at_ms"),
  /** When payment was told to void it because of its deadline. */
  expiredAtMs: integer("expired_at_ms"),
  paidAtMs: integer("paid_at_ms"),
  rejectedAtMs: integer("rejected_at_ms"),
  cancelledAtMs: integer("cancelled_at_ms"),
});
