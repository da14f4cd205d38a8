import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sql } from "drizzle-orm";
import { services } from "#contracts/topics.ts";
import { createReader } from "#db/reader.ts";
import { auditFindings } from "./audit-findings.ts";
import { openShop, type Shop } from "./shop.ts";

const limit = { timeout: 120_000 };
/** Longer than the test may take: a stop that waited for a delivery's report would not end. */
const neverMs = "600000";

for (const runtime of ["Bun", "Deno"] as const) {
  describe(`workers on ${runtime} whose broker is gone`, () => {
    let shop: Shop;
    before(async () => {
      const environment = { KAFKA_DELIVERY_TIMEOUT_MS: neverMs };
      shop = await openShop({ runtime, broker: "the embedded broker" }, () => environment);
    });
    after(() => shop.end());

    test("stop when they are told to, and all that they had ends after the next start", limit, async () => {
      const settled = await shop.placeMixed(7);
      await shop.assertSettled(settled);
      const underWay = await shop.placeMixed(28);
      await shop.processes.broker.away();
      const unsent = await shop.placeMixed(14);
      const workers = services.map((service) => shop.processes.worker(service));
      workers.forEach((worker) => worker.signal("SIGTERM"));
      for (const worker of workers) assert.equal(await worker.ended, "status 0", worker.output());

      for (const service of services) {
        const reader = createReader({ url: shop.processes.storeUrls[service] });
        const ask = <T>(query: string) => reader.read(new AbortController().signal, (db) => db.all<T>(sql.raw(query)));
        assert.deepEqual(await ask("PRAGMA integrity_check"), [{ integrity_check: "ok" }], service);
        assert.deepEqual(await ask("SELECT running FROM instances"), [{ running: 0 }], `${service} ended clean`);
        reader.close();
      }
      await shop.processes.broker.back();
      await Promise.all(services.map((service) => shop.processes.restart(service)));
      await shop.assertSettled([...settled, ...underWay, ...unsent]);
      assert.deepEqual(await auditFindings(shop.processes.storeUrls), []);
    });
  });
}
