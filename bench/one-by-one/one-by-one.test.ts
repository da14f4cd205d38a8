import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { services } from "#contracts/topics.ts";
import { temporaryFolder } from "#db/temporary-store.ts";
import { until } from "#kafka/testing.ts";
import { createLoader } from "../saga/loader.ts";
import { openShop } from "../saga/open-shop.ts";
import { startShop } from "../saga/shop.ts";
import { requireCleanAudit } from "../saga/verify.ts";
import { createWorkload } from "../saga/workloads.ts";
import { type Counts, readCounts } from "./counts.ts";

describe("a shop whose workers handle message by message", () => {
  test("settles orders as they must end, with a transaction, a produce and a commit for each message", async () => {
    const { path: folder, remove } = temporaryFolder();
    const shop = await startShop({ variant: "one by one", broker: "embedded", folder });
    try {
      const workload = createWorkload("hot");
      const first = await openShop(shop, workload);
      const load = createLoader(shop, workload, folder);
      await load("test-", { kind: "closed", inFlightAtMost: 50, durationMs: 1_000 }, 0);
      const orders = first + load.orders();
      assert.ok(orders > 10, `${orders} orders`);
      await requireCleanAudit(shop.storeUrls, orders);

      const counts = async () => {
        const texts = services.map(async (service) =>
          (await fetch(`http://127.0.0.1:${shop.ports[service]}/metrics`)).text(),
        );
        const [intake, stock, order, payment] = (await Promise.all(texts)).map(readCounts);
        return { intake, stock, order, payment };
      };
      // Of a paid order: what each service is told, and how often it has something to tell.
      const of = (transactions: number, produces: number, commits: number): Counts => {
        return { transactions: transactions * orders, produces: produces * orders, commits: commits * orders };
      };
      const expected = { intake: of(3, 1, 2), stock: of(2, 1, 2), order: of(2, 1, 2), payment: of(1, 1, 1) };
      // The last offsets are committed after the order has ended for all who look.
      await until("the last commits", async () => JSON.stringify(await counts()) === JSON.stringify(expected)).catch(
        () => {},
      );
      assert.deepEqual(await counts(), expected);
    } finally {
      await shop.kill();
      remove();
    }
  });
});
