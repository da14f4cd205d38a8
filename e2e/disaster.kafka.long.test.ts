// What only a broker that keeps its logs can show: it runs where Apache Kafka can.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { type Service, services } from "#contracts/topics.ts";
import { temporaryFolder } from "#db/temporary-store.ts";
import { testUnless, until } from "#kafka/testing.ts";
import { storeUrlsIn } from "../cli/audit/stores.ts";
import { auditFindings } from "./audit-findings.ts";
import { brokerUnavailable } from "./brokers.ts";
import { adminToken, backUp, orderwright, putStore, recoverByHand, untilRefused } from "./disaster.ts";
import { openShop, type PlacedOrder, type Shop } from "./shop.ts";

const unavailable = await brokerUnavailable("Apache Kafka");
const claim = (name: string, run: () => Promise<void>) => testUnless(unavailable, name, run, { timeout: 200_000 });

describe("a shop on Apache Kafka, one of whose stores", () => {
  const backups = temporaryFolder();
  const orders: PlacedOrder[] = [];
  let shop: Shop;
  before(async () => {
    if (unavailable) return;
    shop = await openShop({ runtime: "Bun", broker: "Apache Kafka" }, () => ({ ADMIN_TOKEN: adminToken }));
  });
  after(async () => {
    await shop?.end();
    backups.remove();
  });

  /** What came in over HTTP is in no topic. */
  async function enterAgain(service: Service): Promise<void> {
    if (service === "stock" || service === "payment") await shop.enterAgain(service);
  }

  /** The service sees it, is recovered as an operator does it, and every order of before, during and after ends once. */
  async function recover(service: Service, disaster: RegExp): Promise<void> {
    assert.match(await untilRefused(shop, service), disaster);
    // Orders go on meanwhile, and wait where the service is; intake takes none, as it would not know a repeated request.
    const during = service === "intake" ? [] : await shop.placeMixed(14);
    await enterAgain(service);
    await recoverByHand(shop, service, disaster);
    orders.push(...during, ...(await shop.placeMixed(14)));
    await shop.assertSettled(orders, 60_000);
    assert.deepEqual(await auditFindings(shop.processes.storeUrls), []);
  }

  async function replaceStore(service: Service, copy: string | undefined): Promise<void> {
    await shop.processes.restartAfter(service, () => putStore(shop.processes.storeUrls[service], copy));
    shop.stores.reopen(service);
  }

  async function cancelSome(): Promise<void> {
    const cancelled = await Promise.all([shop.place("paid"), shop.place("paid")]);
    await shop.assertSettled(cancelled);
    for (const { orderId } of cancelled) await shop.cancel(orderId);
  }

  for (const service of services) {
    claim(
      `${service}: is yesterday's copy, taken while orders ran, is refused, recovered, and all is as it was`,
      async () => {
        orders.push(...(await shop.placeMixed(14)));
        await shop.assertSettled(orders);
        const placing = shop.placeMixed(28);
        const copy = await backUp(shop.processes, service, backups.path);
        orders.push(...(await placing), ...(await shop.placeMixed(28)));
        await cancelSome();
        await shop.assertSettled(orders);
        await replaceStore(service, copy);
        await recover(service, /since the store is an old copy/);
      },
    );

    claim(`${service}: is lost, is refused, recovered, and all is as it was`, async () => {
      orders.push(...(await shop.placeMixed(14)));
      await cancelSome();
      await shop.assertSettled(orders);
      await replaceStore(service, undefined);
      await recover(service, /since the store was lost/);
    });
  }

  claim(
    "stock: is the one from before, put back after another took its place: it is refused, and recovered",
    async () => {
      orders.push(...(await shop.placeMixed(14)));
      await shop.assertSettled(orders);
      const copy = await backUp(shop.processes, "stock", backups.path);
      await replaceStore("stock", undefined);
      await recover("stock", /since the store was lost/);
      await replaceStore("stock", copy);
      await recover("stock", /since another store is in this group.*two stores share one group/);
    },
  );

  claim(
    "stock: is another instance's own, is refused, and is told that the group is not its to take over",
    async () => {
      const urls = storeUrlsIn(backups.path);
      const other = await shop.processes.startSecond("stock", { STORE_URL: urls.stock });
      await until("the other to refuse", async () => {
        return (await (await fetch(`${other.url}/ready`)).text()).includes(
          "the store was lost, or is not the one that",
        );
      });
      const said = await orderwright(shop.processes, ["recover", "stock", "--yes"], 1, { stock: other.url });
      assert.match(said, /others are in the group and have \d+ of its partitions: stop all other instances/);
      other.signal("SIGTERM");
      await other.ended;
      orders.push(...(await shop.placeMixed(14)));
      await shop.assertSettled(orders);
      assert.deepEqual(await auditFindings(shop.processes.storeUrls), []);
    },
  );

  claim("intake: knows repeated requests again, as their keys are in the topic", async () => {
    const answered = await shop.postAgain();
    for (const { customerId, orderId } of orders) assert.equal(answered.get(customerId), orderId);
    await shop.assertSettled(orders);
  });
});
