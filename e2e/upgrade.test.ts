import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Service, services } from "#contracts/topics.ts";
import { migrations as intake } from "#db/intake/migrations.ts";
import type { Migration } from "#db/migrate.ts";
import { openStore } from "#db/open-store.ts";
import { migrations as order } from "#db/order/migrations.ts";
import { migrations as payment } from "#db/payment/migrations.ts";
import { migrations as stock } from "#db/stock/migrations.ts";
import { auditFindings } from "./audit-findings.ts";
import { openShop, type Shop } from "./shop.ts";

const limit = { timeout: 120_000 };
const known: Readonly<Record<Service, readonly Migration[]>> = { intake, stock, order, payment };
const tables: Readonly<Record<Service, string>> = {
  intake: "orders",
  stock: "orders",
  order: "orders",
  payment: "payments",
};

/** What a later version may do while this one runs: add. */
const laterOf = (table: string): Migration => ({
  name: "a later version's",
  statements: [
    `ALTER TABLE ${table} ADD COLUMN later TEXT`,
    `ALTER TABLE ${table} ADD COLUMN later_ms INTEGER NOT NULL DEFAULT 0`,
    "CREATE TABLE later (id TEXT PRIMARY KEY) STRICT",
    `CREATE INDEX ${table}_later ON ${table} (later) WHERE later IS NOT NULL`,
  ],
});

describe("stores that a later version has migrated while workers of this one run", () => {
  let shop: Shop;
  before(async () => {
    shop = await openShop({ runtime: "Bun", broker: "the embedded broker" });
  });
  after(() => shop.end());

  test(
    "are worked on by them: orders from before, meanwhile and after end, and the audit is clean",
    limit,
    async () => {
      const orders = await shop.placeMixed(7);
      const meanwhile = shop.placeMixed(21);
      for (const service of services) {
        const url = shop.processes.storeUrls[service];
        const store = await openStore(
          { url, migrations: [...known[service], laterOf(tables[service])] },
          new AbortController().signal,
        );
        await store.close();
      }
      orders.push(...(await meanwhile), ...(await shop.placeMixed(14)));
      await shop.assertSettled(orders);
      assert.deepEqual(await auditFindings(shop.processes.storeUrls), []);
    },
  );

  test(
    "are refused by workers of this version that start: they say so, and which migration they do not know",
    limit,
    async () => {
      for (const service of services) {
        const worker = await shop.processes.restart(service);
        assert.equal(await worker.ended, "status 1");
        const count = known[service].length;
        const said = `${service}: the store is newer than this program: it has migration ${count + 1} "a later version's", this program knows ${count}`;
        assert.ok(worker.output().includes(said), worker.output());
      }
    },
  );
});
