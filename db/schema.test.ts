import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sql } from "drizzle-orm";
import { getTableConfig, SQLiteTable } from "drizzle-orm/sqlite-core";
import * as intake from "./intake/schema.ts";
import { migrations as intakeMigrations } from "./intake/migrations.ts";
import type { Migration } from "./migrate.ts";
import * as order from "./order/schema.ts";
import { migrations as orderMigrations } from "./order/migrations.ts";
import * as payment from "./payment/schema.ts";
import { migrations as paymentMigrations } from "./payment/migrations.ts";
import * as shared from "./shared/schema.ts";
import * as stock from "./stock/schema.ts";
import { migrations as stockMigrations } from "./stock/migrations.ts";
import { openTemporaryStore, type TemporaryStore } from "./temporary-store.ts";

const { signal } = new AbortController();

const services: readonly [string, readonly Migration[], Record<string, unknown>][] = [
  ["intake", intakeMigrations, intake],
  ["stock", stockMigrations, stock],
  ["order", orderMigrations, order],
  ["payment", paymentMigrations, payment],
];

for (const [service, migrations, schema] of services) {
  describe(`the store of ${service}`, () => {
    let temporary: TemporaryStore;
    before(async () => void (temporary = await openTemporaryStore(migrations)));
    after(() => temporary.remove());

    const tables = [...Object.values(shared), ...Object.values(schema)].filter((value) => value instanceof SQLiteTable);

    test("is what its schema says, since the migrations are written by hand", async () => {
      for (const table of tables) {
        const { name, columns, primaryKeys } = getTableConfig(table);
        const keys = new Set(primaryKeys.flatMap((key) => key.columns.map((column) => column.name)));
        const said = columns.map((column) => {
          return `${column.name} ${column.getSQLType().toUpperCase()} ${column.notNull ? "NOT NULL" : "NULL"} ${
            column.primary || keys.has(column.name) ? "KEY" : ""
          }`;
        });
        const rows = await temporary.store.read(signal, (db) =>
          db.all<{ column: string }>(sql`
            SELECT name || ' ' || type || iif("notnull" OR pk, ' NOT NULL ', ' NULL ') || iif(pk, 'KEY', '') AS "column"
            FROM pragma_table_xinfo(${name})`),
        );
        assert.deepEqual(rows.map((row) => row.column).sort(), said.sort(), name);
      }
    });

    test("has no table that the schema does not know, and all are strict", async () => {
      const rows = await temporary.store.read(signal, (db) =>
        db.all<{ name: string; strict: number }>(sql`
          SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite%' ORDER BY name`),
      );
      const names = [...tables.map((table) => getTableConfig(table).name), "migrations"].sort();
      assert.deepEqual(
        rows,
        names.map((name) => ({ name, strict: 1 })),
      );
    });
  });
}

const order1 = "01890000-0000-7000-8000-000000000001";
const account = "INSERT INTO accounts (customer_id, currency, balance_minor) VALUES ('c', 'GBP', 5)";
const transfer = (id: string, debit: string, credit: string, amount: number) =>
  `INSERT INTO transfers (transfer_id, debit, credit, amount_minor, currency, at_ms)
   VALUES ('${id}', '${debit}', '${credit}', ${amount}, 'GBP', 1)`;

/** What must never be, by whatever fault: the statements before the last work, the last is refused. */
const never: readonly [string, readonly Migration[], readonly string[]][] = [
  [
    "stock below zero",
    stockMigrations,
    [
      "INSERT INTO products (product_id, available, price_minor) VALUES ('p', 2, 10)",
      "UPDATE products SET available = available - 3",
    ],
  ],
  [
    "a negative price",
    stockMigrations,
    ["INSERT INTO products (product_id, available, price_minor) VALUES ('p', 2, -1)"],
  ],
  [
    "an order that holds nothing",
    stockMigrations,
    [`INSERT INTO orders (order_id, status, lines) VALUES ('${order1}', 'reserved', '[]')`],
  ],
  [
    "a restock of a product that stock does not know",
    stockMigrations,
    [
      "INSERT INTO requests (idempotency_key, body_hash, at_ms) VALUES ('k', 'h', 1)",
      "INSERT INTO restocks (idempotency_key, product_id, quantity) VALUES ('k', 'p', 1)",
    ],
  ],
  ["a balance below zero", paymentMigrations, [account, "UPDATE accounts SET balance_minor = balance_minor - 6"]],
  [
    "a trail that is told otherwise later",
    orderMigrations,
    [
      "INSERT INTO trail (at_ms, operator, why, action, subject, effect) VALUES (1, 'o', 'w', 'heal', 's', 'e')",
      "UPDATE trail SET operator = 'p'",
    ],
  ],
  [
    "a trail that loses an entry",
    orderMigrations,
    [
      "INSERT INTO trail (at_ms, operator, why, action, subject, effect) VALUES (1, 'o', 'w', 'heal', 's', 'e')",
      "DELETE FROM trail",
    ],
  ],
  ["an entry with one side", paymentMigrations, [transfer("t", "a", "a", 1)]],
  ["an entry that runs backwards", paymentMigrations, [transfer("t", "a", "b", -1)]],
  ["one entry twice", paymentMigrations, [transfer("t", "a", "b", 1), transfer("t", "a", "b", 1)]],
  [
    "a charge of nobody",
    paymentMigrations,
    [`INSERT INTO payments (order_id, status, amount_minor, currency) VALUES ('${order1}', 'charged', 1, 'GBP')`],
  ],
  [
    "a cancelled order without a reason",
    orderMigrations,
    [`INSERT INTO orders (order_id, status) VALUES ('${order1}', 'cancelled')`],
  ],
  [
    "a created order without a deadline",
    orderMigrations,
    [`INSERT INTO orders (order_id, status) VALUES ('${order1}', 'created')`],
  ],
  [
    "two orders of a customer under one idempotency key",
    intakeMigrations,
    ["1", "2"].map(
      (id) =>
        `INSERT INTO orders (order_id, customer_id, currency, lines, idempotency_key, body_hash, status, received_at_ms)
     VALUES ('${id}', 'c', 'GBP', '[1]', 'key', 'hash', 'received', 1)`,
    ),
  ],
  [
    "a word that is no status",
    intakeMigrations,
    [
      `INSERT INTO orders (order_id, customer_id, currency, lines, body_hash, status, received_at_ms)
     VALUES ('1', 'c', 'GBP', '[1]', 'hash', 'shipped', 1)`,
    ],
  ],
  [
    "an outbox row of nobody",
    orderMigrations,
    ["INSERT INTO outbox (instance_id, created_at_ms, message_id, topic) VALUES ('nobody', 1, 'm', 't')"],
  ],
];

describe("what must never be", () => {
  for (const [what, migrations, statements] of never) {
    test(`${what} is refused by the store itself`, async () => {
      const temporary = await openTemporaryStore(migrations);
      const run = (statement: string) => temporary.store.write(signal, (tx) => tx.run(sql.raw(statement)));
      try {
        for (const statement of statements.slice(0, -1)) await run(statement);
        await assert.rejects(run(statements.at(-1) ?? ""), { name: "StoreError", kind: "constraint" });
      } finally {
        await temporary.remove();
      }
    });
  }
});
