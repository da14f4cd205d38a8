// For tests only.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { services } from "#contracts/topics.ts";
import { until } from "#kafka/testing.ts";
import { seeded } from "#workers/testing/random-messages.ts";
import { auditFindings } from "./audit-findings.ts";
import { type Broker, startBroker } from "./brokers.ts";
import { openShop, type PlacedOrder, type Shop } from "./shop.ts";
import { type Misbehaviour, startUnreliableProxy, type UnreliableProxy } from "./unreliable-proxy.ts";

/** Not those that hold a hundredth of all pieces until they are cancelled: on such a line many wait for that at once. */
const kinds = ["paid", "balance short", "paid", "unknown customer", "other currency", "paid", "stock short"] as const;

/** Orders go on over a way to the broker that breaks, at least until so many connections are broken; then it is mended. */
export function describeUnreliableBroker(misbehaviour: Misbehaviour, breaks: number): void {
  const seed = Number(process.env["E2E_SEED"] ?? Date.now() % 1_000_000);
  describe("a broker behind a proxy that delays, cuts and resets", () => {
    let broker: Broker;
    let proxy: UnreliableProxy;
    let shop: Shop;
    before(async () => {
      broker = await startBroker("the embedded broker");
      proxy = await startUnreliableProxy(broker.bootstrapServers, seeded(seed));
      const environment = { KAFKA_BROKERS: proxy.bootstrapServers };
      shop = await openShop({ runtime: "Bun", broker: "the embedded broker" }, () => environment);
    });
    after(async () => {
      await shop?.end();
      proxy?.close();
      await broker?.end();
    });

    const claim = `${breaks} breaks: nothing lost, nothing set aside, it goes on by itself (E2E_SEED=${seed})`;
    test(claim, { timeout: 280_000 }, async () => {
      const orders: PlacedOrder[] = await shop.placeMixed(7);
      await shop.assertSettled(orders);
      proxy.misbehave(misbehaviour);
      while (proxy.broken() < breaks) {
        const before = proxy.broken();
        orders.push(...(await Promise.all(kinds.map((kind) => shop.place(kind)))));
        await until("one more break", () => proxy.broken() > before, 120_000);
      }
      proxy.behave();
      await shop.assertSettled(orders, 90_000);
      for (const service of services) assert.deepEqual(await shop.stores.deadLetters(service), [], service);
      assert.deepEqual(await auditFindings(shop.processes.storeUrls), []);
    });
  });
}
