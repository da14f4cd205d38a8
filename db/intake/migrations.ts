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
    name: "intake",
    statements: [
      `CREATE TABLE orders (
        order_id TEXT PRIMARY KEY NOT NULL,
        customer_id TEXT NOT NULL,
        currency TEXT NOT NULL,
        lines TEXT NOT NULL CHECK (json_array_length(lines) > 0),
        idempotency_key TEXT,
        body_hash TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('received', 'created', 'paid', 'rejected', 'cancelled')),
        reason TEXT,
        short_lines TEXT,
        total_minor INTEGER,
        refunded_minor INTEGER,
        deadline_at_ms INTEGER,
        received_at_ms INTEGER NOT NULL,
        reserved_at_ms INTEGER,
        created_at_ms INTEGER,
        paid_at_ms INTEGER,
        cancel_requested_at_ms INTEGER,
        refunded_at_ms INTEGER,
        rejected_at_ms INTEGER,
        cancelled_at_ms INTEGER,
        CHECK ((status IN ('rejected', 'cancelled')) = (reason IS NOT NULL))
      ) STRICT`,
      // A key belongs to one customer; kept as long as the order.
      `CREATE UNIQUE INDEX orders_idempotency ON orders (customer_id, idempotency_key)
        WHERE idempotency_key IS NOT NULL`,
      `CREATE INDEX orders_customer ON orders (customer_id, order_id)`,
      // How many orders are in flight must be known at start, whatever the size of the table.
      `CREATE INDEX orders_in_flight ON orders (order_id) WHERE status IN ('received', 'created')`,
    ],
  },
  operatorsTrail,
  deadLettersForOperators,
  {
    name: "paid orders that are cancelled",
    statements: [
      // They have their end before them, and are few.
      `CREATE INDEX orders_cancelling ON orders (order_id) WHERE status = 'paid' AND cancel_requested_at_ms IS NOT NULL`,
    ],
  },
  purgedOrders,
  {
    name: "idempotency keys by key",
    statements: [
      // A shop's keys rise with its orders, or nearly: then what is new is on one page. By customer, each order wrote a page of
      // its own: 5 us of CPU an order, measured. The name stays, since older instances ask for it by name.
      `DROP INDEX orders_idempotency`,
      `CREATE UNIQUE INDEX orders_idempotency ON orders (idempotency_key, customer_id)
        WHERE idempotency_key IS NOT NULL`,
    ],
  },
  outboxHorizon,
];
