// For tests only.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { readTopic } from "#bus/testing.ts";
import { services, topics } from "#contracts/topics.ts";
import { testUnless, until } from "#kafka/testing.ts";
import { auditFindings } from "./audit-findings.ts";
import { faultPoints, placeAroundDeath } from "./deaths.ts";
import { type OrderKind, orderKinds } from "./order-kinds.ts";
import { type Platform, platformUnavailable } from "./processes.ts";
import { openShop, type Shop } from "./shop.ts";
import { republished, sendAndAwaitReaders } from "./wire.ts";
import type { Worker } from "./worker.ts";

const kinds = Object.keys(orderKinds) as OrderKind[];

/** The saga over HTTP on a platform; where it cannot be run, each test is skipped with the reason. */
export async function describeSaga(platform: Platform): Promise<void> {
  const unavailable = await platformUnavailable(platform);
  const claim = (name: string, run: () => Promise<void>) => testUnless(unavailable, name, run, { timeout: 150_000 });
  describe(`a shop that posts orders to four workers on ${platform.runtime} and ${platform.broker}`, () => {
    let shop: Shop;
    before(async () => {
      if (unavailable !== null) return;
      shop = await openShop(platform);
      // Their groups are formed: what a busy machine takes for that is not the first order's.
      await Promise.all(services.map((service) => untilReady(shop.processes.worker(service))));
    });
    after(() => shop?.end());

    for (const kind of kinds) {
      const { ends } = orderKinds[kind].record;
      claim(`${kind}: the order ends ${ends.intake}, and every service says so`, async () => {
        await shop.assertSettled([await shop.place(kind)]);
      });
    }

    claim("each message of an order three times more changes no row and publishes nothing", async () => {
      const orders = await Promise.all(kinds.map((kind) => shop.place(kind)));
      await shop.assertSettled(orders);
      const ids = orders.map(({ orderId }) => orderId);
      const rows = await shop.stores.orders(ids);
      const goods = () => Promise.all(["mug", "yacht"].map((product) => shop.stores.available(product)));
      const before = await goods();
      const messages = (await shop.stores.messagesOf(ids)).map(republished);
      // Last first: what ends an order comes before what began it.
      const again = [...messages, ...messages.toReversed(), ...messages];
      await sendAndAwaitReaders(shop.processes.broker.bootstrapServers, shop.stores, again);
      assert.deepEqual(await shop.stores.orders(ids), rows);
      await shop.assertSettled(orders);
      assert.deepEqual(await goods(), before);
    });

    claim("poison in the middle of every partition is set aside, and the orders around it end", async () => {
      const { partitions } = topics["order.start"];
      const before = await shop.placeMixed(14);
      const poison = Array.from({ length: partitions }, (_, partition) => {
        return { topic: "order.start", partition, key: "no order", value: `{"poison": ${partition}` };
      });
      await sendAndAwaitReaders(shop.processes.broker.bootstrapServers, shop.stores, poison);
      const behind = await shop.placeMixed(14);
      await shop.assertSettled([...before, ...behind]);
      assert.deepEqual(
        await shop.stores.deadLetters("stock"),
        poison.map(() => "order.start: no-json"),
      );
      const copies = await readTopic(shop.processes.broker, "order.start.dlq", partitions);
      assert.deepEqual(
        copies.map(({ value }) => new TextDecoder().decode(value ?? new Uint8Array())).toSorted(),
        poison.map(({ value }) => value).toSorted(),
      );
    });

    for (const point of faultPoints) {
      claim(`payment killed ${point}: started again it ends every order, nothing twice`, async () => {
        await shop.assertSettled(await placeAroundDeath(shop, "payment", `${point}:2`));
      });
    }

    const fate = platform.broker === "the embedded broker" ? "with all messages gone" : "with its log";
    claim(`the broker killed and started again, ${fate}: every order ends, nothing twice`, () => killBroker(shop));

    claim("the broker refused no worker anything it needs, and no log has a password for it", () => assertRights(shop));

    claim("at the end the audit finds nothing wrong with any order, product or account", async () => {
      const findings = await auditFindings(shop.processes.storeUrls);
      // The poison, which nobody has dealt with.
      assert.deepEqual(
        findings.filter(({ rule }) => rule !== "dead-letter"),
        [],
      );
    });
  });
}

const untilReady = ({ url }: Worker) =>
  until(`${url} to be ready`, async () => (await fetch(`${url}/ready`).catch(() => undefined))?.ok === true, 90_000);

async function killBroker(shop: Shop): Promise<void> {
  const settled = await shop.placeMixed(7);
  await shop.assertSettled(settled);
  const underWay = await shop.placeMixed(28);
  await shop.processes.broker.restart();
  const later = await shop.placeMixed(7);
  await shop.assertSettled([...settled, ...underWay, ...later], 90_000);
}

function assertRights(shop: Shop): Promise<void> {
  for (const service of services) {
    const output = shop.processes.worker(service).output();
    assert.doesNotMatch(output, /authorization/i, service);
    shop.processes.broker.secrets.forEach((secret) => assert.ok(!output.includes(secret), service));
  }
  return Promise.resolve();
}
