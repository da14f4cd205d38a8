import type { Line, Reason } from "#contracts/fields.ts";
import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const products = sqliteTable("products", {
  productId: text("product_id").primaryKey(),
  /** Pieces that nobody holds. The store refuses a negative number, whoever asks. */
  available: integer().notNull(),
  priceMinor: integer("price_minor").notNull(),
});

/** What each order holds or held. Read and written whole, by its id only: so the lines are JSON, not rows. */
export const orders = sqliteTable("orders", {
  orderId: text("order_id").primaryKey().notNull(),
  status: text({ enum: ["reserved", "refused", "sold", "released", "tombstone"] }).notNull(),
  lines: text({ mode: "json" }).$type<readonly Line[]>().notNull(),
  reason: text().$type<Reason>(),
  reservedAtMs: integer("reserved_at_ms"),
  refusedAtMs: integer("refused_at_ms"),
  soldAtMs: integer("sold_at_ms"),
  rolledBackAtMs: integer("rolled_back_at_ms"),
});

/** Pieces that came in. */
export const restocks = sqliteTable(
  "restocks",
  {
    idempotencyKey: text("idempotency_key")
      .notNull()
      .references(() => requests.idempotencyKey),
    productId: text("product_id")
      .notNull()
      .references(() => products.productId),
    quantity: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.productId, table.idempotencyKey] })],
);

/** Restocks and prices that were taken over HTTP: the same key and body again changes nothing. */
export const requests = sqliteTable("requests", {
  idempotencyKey: text("idempotency_key").primaryKey(),
  bodyHash: text("body_hash").notNull(),
  atMs: integer("at_ms").notNull(),
});

/** Pieces that were sold with orders that are purged. */
export const shipped = sqliteTable("shipped", {
  productId: text("product_id").primaryKey(),
  quantity: integer().notNull(),
});
