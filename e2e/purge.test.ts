import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Service, services } from "#contracts/topics.ts";
import { createReader } from "#db/reader.ts";
import { openStore } from "#db/open-store.ts";
import { migrations as intakeMigrations } from "#db/intake/migrations.ts";
import { migrations as orderMigrations } from "#db/order/migrations.ts";
import { migrations as paymentMigrations } from "#db/payment/migrations.ts";
import { migrations as stockMigrations } from "#db/stock/migrations.ts";
import { until } from "#kafka/testing.ts";
import { intakeKeeping } from "#workers/intake/keeping.ts";
import type { KeepingSettings } from "#workers/keeping-settings.ts";
import { orderKeeping } from "#workers/order/keeping.ts";
import { paymentKeeping } from "#workers/payment/keeping.ts";
import { type Keeping, purgeOnce } from "#workers/purge.ts";
import { stockKeeping } from "#workers/stock/keeping.ts";
import { sql } from "drizzle-orm";
import { auditFindings } from "./audit-findings.ts";
import { openShop, type Shop } from "./shop.ts";

const keepings: Readonly<Record<Service, Keeping>> = {
  intake: intakeKeeping,
  stock: stockKeeping,
  order: orderKeeping,
  payment: paymentKeeping,
};
const migrations = {
  intake: intakeMigrations,
  stock: stockMigrations,
  order: orderMigrations,
  payment: paymentMigrations,
};
const { signal } = new AbortController();

/** Bounds that no setting allows, so that what was there a moment ago is old. */
const settings: KeepingSettings = {
  outboxKeptMs: 0,
  deadLettersKeptMs: 0,
  ordersKeptMs: 0,
  keysKeptMs: 0,
  purgeIntervalMs: 50,
  purgeRows: 10,
};

describe("a shop whose orders are older than they are kept", () => {
  let shop: Shop;
  before(async () => {
    shop = await openShop({ runtime: "Bun", broker: "the embedded broker" });
  });
  after(() => shop?.end());

  async function purge(service: Service, endedBeforeMs: number): Promise<Record<string, number>> {
    const purged: Record<string, number> = {};
    const url = shop.processes.storeUrls[service];
    const store = await openStore({ url, migrations: migrations[service] }, signal);
    try {
      const onPurged = (kind: string, rows: number) => void (purged[kind] = (purged[kind] ?? 0) + rows);
      const keeping = keepings[service];
      await purgeOnce({
        store,
        keeping,
        settings,
        onPurged,
        nowMs: () => endedBeforeMs,
        log: () => {},
        signal,
      });
    } finally {
      await store.close();
    }
    return purged;
  }

  async function count(service: Service, table: string): Promise<number> {
    const reader = createReader({ url: shop.processes.storeUrls[service] });
    const [found] = await reader.read(signal, (db) =>
      db.all<{ n: number }>(sql`SELECT count(*) AS n FROM ${sql.raw(table)}`),
    );
    reader.close();
    return found?.n ?? -1;
  }

  async function untilAllIsRead(service: Service): Promise<void> {
    const reader = createReader({ url: shop.processes.storeUrls[service] });
    await until(`all of ${service} to be read`, async () => {
      const [found] = await reader.read(signal, (db) =>
        db.all<{ n: number }>(
          sql`SELECT count(*) AS n FROM outbox JOIN instances USING (instance_id) WHERE seq > read_seq`,
        ),
      );
      return found?.n === 0;
    });
    reader.close();
  }

  test(
    "lets go of them in steps while others run, service by service, and the audit stays clean",
    { timeout: 90_000 },
    async () => {
      const old = await shop.placeMixed(35);
      await shop.assertSettled(old);
      const transfers = await count("payment", "transfers");
      for (const service of services) await untilAllIsRead(service);
      const goneBeforeMs = Date.now();
      const recent = shop.placeMixed(14);
      for (const service of services) {
        const purged = await purge(service, goneBeforeMs);
        assert.equal(purged["orders"], service === "payment" ? 15 : 35, service);
        assert.deepEqual(await auditFindings(shop.processes.storeUrls), [], `after ${service}`);
      }
      await shop.assertSettled(await recent);
      assert.equal((await count("payment", "transfers")) >= transfers, true, "the ledger stays");
      assert.equal(await count("intake", "orders"), 14);
      assert.deepEqual(await auditFindings(shop.processes.storeUrls), []);
    },
  );

  test("keeps an order while one of its messages is in the outbox", { timeout: 60_000 }, async () => {
    const orders = await shop.placeMixed(7);
    await shop.assertSettled(orders);
    const url = shop.processes.storeUrls.stock;
    const before = await count("stock", "orders");
    const store = await openStore({ url, migrations: stockMigrations }, signal);
    const keepsOutbox = { ...settings, outboxKeptMs: 1_000_000 };
    await purgeOnce({
      store,
      keeping: stockKeeping,
      settings: keepsOutbox,
      onPurged: () => {},
      nowMs: () => Date.now(),
      log: () => {},
      signal,
    });
    await store.close();
    assert.equal(await count("stock", "orders"), before);
  });
});
