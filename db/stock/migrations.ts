import type { Migration } from "../migrate.ts";
import {
  deadLettersForOperators,
  operatorsTrail,
  outboxHorizon,
  purgedOrders,
  sharedTables,
} from "../shared/migrations.ts";

export const migrations: readonly Migration[] = [
  sharedTables,
  {
    name: "stock",
    statements: [
      `CREATE TABLE products (
        product_id TEXT PRIMARY KEY,
        available INTEGER NOT NULL CHECK (available BETWEEN 0 AND 9007199254740991),
        price_minor INTEGER NOT NULL CHECK (price_minor >= 0)
      ) STRICT, WITHOUT ROWID`,

      `CREATE TABLE orders (
        order_id TEXT PRIMARY KEY NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('reserved', 'refused', 'sold', 'released', 'tombstone')),
        lines TEXT NOT NULL CHECK ((status IN ('refused', 'tombstone')) = (json_array_length(lines) = 0)),
        reason TEXT,
        reserved_at_ms INTEGER,
        refused_at_ms INTEGER,
        sold_at_ms INTEGER,
        rolled_back_at_ms INTEGER,
        CHECK ((status IN ('refused', 'released', 'tombstone')) = (reason IS NOT NULL))
      ) STRICT`,

      // Goods come from somewhere: what was stocked is what is available, held and sold. The audit adds it up.
      `CREATE TABLE restocks (
        idempotency_key TEXT NOT NULL REFERENCES requests (idempotency_key),
        product_id TEXT NOT NULL REFERENCES products,
        quantity INTEGER NOT NULL CHECK (quantity > 0),
        PRIMARY KEY (product_id, idempotency_key)
      ) STRICT, WITHOUT ROWID`,

      `CREATE TABLE requests (
        idempotency_key TEXT PRIMARY KEY,
        body_hash TEXT NOT NULL,
        at_ms INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`,
    ],
  },
  operatorsTrail,
  deadLettersForOperators,
  purgedOrders,
  {
    name: "shipped",
    statements: [
      `CREATE TABLE shipped (
        product_id TEXT PRIMARY KEY REFERENCES products,
        quantity INTEGER NOT NULL CHECK (quantity > 0)
      ) STRICT, WITHOUT ROWID`,
    ],
  },
  outboxHorizon,
];
