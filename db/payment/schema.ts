import type { Reason } from "#contracts/fields.ts";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const accounts = sqliteTable("accounts", {
  customerId: text("customer_id").primaryKey(),
  currency: text().notNull(),
  /** The sum of the account's transfers, kept so that a charge reads one row. The store refuses a negative one. */
  balanceMinor: integer("balance_minor").notNull(),
});

/** What became of each order's payment. */
export const payments = sqliteTable("payments", {
  orderId: text("order_id").primaryKey(),
  status: text({ enum: ["charged", "refused", "fenced", "refunded"] }).notNull(),
  reason: text().$type<Reason>(),
  customerId: text("customer_id"),
  currency: text(),
  amountMinor: integer("amount_minor"),
  chargedAtMs: integer("charged_at_ms"),
  refusedAtMs: integer("refused_at_ms"),
  fencedAtMs: integer("fenced_at_ms"),
  refundedAtMs: integer("refunded_at_ms"),
});

/** The double-entry ledger: the amount leaves `debit` and reaches `credit`. Rows are never changed. */
export const transfers = sqliteTable("transfers", {
  transferId: text("transfer_id").primaryKey(),
  /** Null for a top-up. */
  orderId: text("order_id"),
  debit: text().notNull(),
  credit: text().notNull(),
  /** Zero where an order costs nothing. */
  amountMinor: integer("amount_minor").notNull(),
  currency: text().notNull(),
  atMs: integer("at_ms").notNull(),
});

/** Top-ups that were taken over HTTP: the same key and body again changes nothing. */
export const requests = sqliteTable("requests", {
  idempotencyKey: text("idempotency_key").primaryKey(),
  bodyHash: text("body_hash").notNull(),
  atMs: integer("at_ms").notNull(),
});
