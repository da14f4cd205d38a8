import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readTopic } from "#bus/testing.ts";
import { topics } from "#contracts/topics.ts";
import { auditFindings } from "./audit-findings.ts";
import { faultPoints, placeAroundDeath } from "./deaths.ts";
import { type OrderKind, orderKinds } from "./order-kinds.ts";
import { openShop, type Shop } from "./shop.ts";
import { republished, sendAndAwaitReaders } from "./wire.ts";

const limit = { timeout: 60_000 };
const kinds = Object.keys(orderKinds) as OrderKind[];

describe("four workers as processes, and a shop that posts orders", () => {
  let shop: Shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop.end());

  for (const kind of kinds) {
    const { ends } = orderKinds[kind].record;
    test(`${kind}: the order ends ${ends.intake}, and every service says so`, limit, async () => {
      await shop.assertSettled([await shop.place(kind)]);
    });
  }

  test("each message of an order three times more changes no row and publishes nothing", limit, async () => {
    const orders = await Promise.all(kinds.map((kind) => shop.place(kind)));
    await shop.assertSettled(orders);
    const ids = orders.map(({ orderId }) => orderId);
    const rows = await shop.stores.orders(ids);
    const mugs = await shop.stores.available("mug");
    const messages = (await Promise.all(ids.map((id) => shop.stores.messagesOf(id)))).flat().map(republished);
    // Last first: what ends an order comes before what began it.
    const again = [...messages, ...messages.toReversed(), ...messages];
    await sendAndAwaitReaders(shop.processes.broker.bootstrapServers, shop.stores, again);
    assert.deepEqual(await shop.stores.orders(ids), rows);
    await shop.assertSettled(orders);
    assert.equal(await shop.stores.available("mug"), mugs);
  });

  test("poison in the middle of every partition is set aside, and the orders around it end", limit, async () => {
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
    test(`payment killed ${point}: started again it ends every order, nothing twice`, limit, async () => {
      await shop.assertSettled(await placeAroundDeath(shop, "payment", `${point}:2`));
    });
  }

  test(
    "the broker killed and started anew, with all messages gone: every order ends, nothing twice",
    limit,
    async () => {
      const settled = await shop.placeMixed(7);
      await shop.assertSettled(settled);
      const underWay = await shop.placeMixed(28);
      await shop.processes.restartBroker();
      const later = await shop.placeMixed(7);
      await shop.assertSettled([...settled, ...underWay, ...later]);
    },
  );

  test("at the end the audit finds nothing wrong with any order, product or account", limit, async () => {
    const findings = await auditFindings(shop.processes.storeUrls);
    // The poison, which nobody has dealt with.
    assert.deepEqual(
      findings.filter(({ rule }) => rule !== "dead-letter"),
      [],
    );
  });
});
