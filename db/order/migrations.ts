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
    name: "order",
    statements: [
      `CREATE TABLE orders (
        order_id TEXT PRIMARY KEY,
        status TEXT NOT NULL CHECK (status IN ('cancelling', 'created', 'paid', 'rejected', 'cancelled')),
        reason TEXT,
        customer_id TEXT,
        currency TEXT,
        total_minor INTEGER CHECK (total_minor >= 0),
        created_at_ms INTEGER,
        deadline_at_ms INTEGER,
        cancel_requested_at_ms INTEGER,
        expired_at_ms INTEGER,
        paid_at_ms INTEGER,
        rejected_at_ms INTEGER,
        cancelled_at_ms INTEGER,
        CHECK ((status IN ('rejected', 'cancelled')) = (reason IS NOT NULL)),
        CHECK (status <> 'created' OR deadline_at_ms IS NOT NULL)
      ) STRICT, WITHOUT ROWID`,
      // Small: an order leaves it when it is paid, ended or voided by its deadline.
      `CREATE INDEX orders_due ON orders (deadline_at_ms) WHERE status = 'created' AND expired_at_ms IS NULL`,
    ],
  },
  operatorsTrail,
  deadLettersForOperators,
  purgedOrders,
  outboxHorizon,
];
