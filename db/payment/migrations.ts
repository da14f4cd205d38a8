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
    name: "payment",
    statements: [
      `CREATE TABLE accounts (
        customer_id TEXT PRIMARY KEY,
        currency TEXT NOT NULL,
        balance_minor INTEGER NOT NULL CHECK (balance_minor BETWEEN 0 AND 9007199254740991)
      ) STRICT, WITHOUT ROWID`,

      `CREATE TABLE payments (
        order_id TEXT PRIMARY KEY,
        status TEXT NOT NULL CHECK (status IN ('charged', 'refused', 'fenced', 'refunded')),
        reason TEXT,
        customer_id TEXT,
        currency TEXT,
        amount_minor INTEGER CHECK (amount_minor >= 0),
        charged_at_ms INTEGER,
        refused_at_ms INTEGER,
        fenced_at_ms INTEGER,
        refunded_at_ms INTEGER,
        CHECK ((status = 'charged') = (reason IS NULL)),
        CHECK (status NOT IN ('charged', 'refunded')
          OR (customer_id IS NOT NULL AND currency IS NOT NULL AND amount_minor IS NOT NULL))
      ) STRICT, WITHOUT ROWID`,

      // One row is both sides of an entry, so none can be out of balance. Its id is derived from what it is for, so no
      // order is charged twice, and none refunded twice.
      `CREATE TABLE transfers (
        transfer_id TEXT PRIMARY KEY,
        order_id TEXT,
        debit TEXT NOT NULL,
        credit TEXT NOT NULL,
        amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
        currency TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        CHECK (debit <> credit)
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
  outboxHorizon,
];
