// What people and retention do to topics and offsets, by Kafka's own tools: it runs where Apache Kafka can.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe } from "node:test";
import { groups } from "#contracts/topics.ts";
import { testUnless, until } from "#kafka/testing.ts";
import { auditFindings } from "./audit-findings.ts";
import { brokerUnavailable } from "./brokers.ts";
import { adminToken, recoverByHand, untilRefused } from "./disaster.ts";
import { deleteRecords, lookWithGroup, makeAnew, resetOffsets } from "./kafka-tools.ts";
import { type OrderKind, orderKinds } from "./order-kinds.ts";
import { openShop, type PlacedOrder, type Shop } from "./shop.ts";

const unavailable = await brokerUnavailable("Apache Kafka");
const kinds = Object.keys(orderKinds) as OrderKind[];
const claim = (name: string, run: () => Promise<void>) => testUnless(unavailable, name, run, { timeout: 120_000 });

describe("a shop on Apache Kafka", () => {
  const orders: PlacedOrder[] = [];
  let shop: Shop;
  before(async () => {
    if (unavailable) return;
    shop = await openShop({ runtime: "Bun", broker: "Apache Kafka" }, () => ({ ADMIN_TOKEN: adminToken }));
  });
  beforeEach(async () => {
    if (unavailable) return;
    orders.push(...(await shop.placeMixed(14)));
    await shop.assertSettled(orders);
  });
  after(() => shop?.end());

  /** Every order of before, during and after ends once, and the stores agree to the penny. */
  async function assertWhole(): Promise<void> {
    orders.push(...(await shop.placeMixed(14)));
    await shop.assertSettled(orders, 60_000);
    assert.deepEqual(await auditFindings(shop.processes.storeUrls), []);
  }

  const broker = () => shop.processes.broker;
  const place = async () => (await prepare())();

  /** Money comes first, from a service that may not run when the orders do. */
  async function prepare(): Promise<() => Promise<void>> {
    const posts = await Promise.all(kinds.map((kind) => shop.prepare(kind)));
    return async () => void orders.push(...(await Promise.all(posts.map((post) => post()))));
  }

  /** One order after the other, as long as something takes. */
  async function placeUntil(doing: Promise<void>): Promise<void> {
    let isDone = false;
    const done = doing.finally(() => (isDone = true));
    while (!isDone) orders.push(await shop.place("paid"));
    await done;
  }

  /** The tool takes no group that has members, and one that was killed is a member for a while. */
  async function resetOnceStopped(groupId: string, where: "--to-earliest" | "--to-latest"): Promise<void> {
    await until("the group to be reset", async () => !/inactive/.test(await resetOffsets(broker(), groupId, where)));
  }

  claim("whose group a tool set to zero, while its service was stopped: it is refused at the start", async () => {
    await shop.processes.restartAfter("order", () => resetOnceStopped(groups.order, "--to-earliest"));
    await recoverByHand(shop, "order", /a tool has set the group to 0, while the store has read up to [1-9]/);
    await assertWhole();
  });

  claim("whose group a tool set to the end, past what was not read: it is refused at the start", async () => {
    const placing = await prepare();
    await shop.processes.restartAfter("payment", async () => {
      await placing();
      await resetOnceStopped(groups.payment, "--to-latest");
    });
    await recoverByHand(shop, "payment", /a tool has set the group to \d+, while the store has read up to \d+/);
    await assertWhole();
  });

  claim("whose group somebody reads with a console consumer, while its service runs: it is refused", async () => {
    const refusedByTool = await resetOffsets(broker(), groups.stock, "--to-earliest");
    assert.match(refusedByTool, /can only be reset if the group .* is inactive/);
    const assignments = () => shop.processes.worker("stock").output().split('"partitions assigned"').length;
    const before = assignments();
    const looking = lookWithGroup(broker(), groups.stock, "order.start");
    await until("the console consumer to join", () => assignments() > before);
    await placeUntil(looking);
    await recoverByHand(shop, "stock", /a tool has set the group to \d+, while the store/);
    await assertWhole();
  });

  claim("one of whose topics was made anew, while its reader was stopped: what it had is published again", async () => {
    await shop.processes.restartAfter("order", async () => {
      await place();
      await makeAnew(broker(), "stock.success");
    });
    const { tried, done } = await recoverByHand(shop, "order", anew("stock.success"));
    assert.match(tried, /^stock would publish again [1-9]\d* messages that not all have read\.$/m);
    assert.match(done, /^stock publishes again [1-9]\d* messages that not all have read\.$/m);
    await assertWhole();
  });

  claim("one of whose topics was made anew, while orders came and its reader ran: it is refused", async () => {
    await placeUntil(makeAnew(broker(), "order.start"));
    await recoverByHand(shop, "stock", anew("order.start"));
    await assertWhole();
  });

  claim(
    "one of whose topics was made anew, while of its readers one ran and one was frozen: both are refused",
    async () => {
      const order = shop.processes.worker("order");
      order.signal("SIGSTOP");
      await place();
      await makeAnew(broker(), "stock.failed");
      order.signal("SIGCONT");
      for (const service of ["order", "intake"] as const) await untilRefused(shop, service);
      for (const service of ["order", "intake"] as const) await recoverByHand(shop, service, anew("stock.failed"));
      await assertWhole();
    },
  );

  claim("whose retention deleted what a stopped service had not read: it is published again", async () => {
    await shop.processes.restartAfter("order", async () => {
      await place();
      await deleteRecords(broker(), "stock.success");
    });
    const { done } = await recoverByHand(shop, "order", /retention deleted [1-9]\d* unread records/);
    assert.match(done, /^stock publishes again [1-9]\d* messages that not all have read\.$/m);
    await assertWhole();
  });

  claim("whose retention deleted what a frozen service had not read: it is refused as it wakes up", async () => {
    const placing = await prepare();
    const payment = shop.processes.worker("payment");
    payment.signal("SIGSTOP");
    await placing();
    await deleteRecords(broker(), "payment.request");
    payment.signal("SIGCONT");
    await recoverByHand(shop, "payment", /retention deleted [1-9]\d* unread records/);
    await assertWhole();
  });
});

const anew = (topic: string) => new RegExp(`${topic}/\\d+: .*the topic was made anew`);
