import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Service, services } from "#contracts/topics.ts";
import { orderView } from "#contracts/http.ts";
import { until } from "#kafka/testing.ts";
import { auditFindings } from "./audit-findings.ts";
import { orderKinds } from "./order-kinds.ts";
import { openShop, type PlacedOrder, type Shop } from "./shop.ts";

const limit = { timeout: 60_000 };

describe("a customer who cancels over HTTP, in a shop of four workers", () => {
  let shop: Shop;
  before(async () => {
    shop = await openShop({ runtime: "Bun", broker: "the embedded broker" });
  });
  after(() => shop?.end());

  async function waitFor({ orderId }: PlacedOrder) {
    const url = `${shop.processes.worker("intake").url}/orders/${orderId}?wait=20s`;
    return orderView.parse(await (await fetch(url)).json());
  }
  const statusAt = async (orderId: string, service: Service) =>
    (await shop.stores.orders([orderId])).get(orderId)?.ends[service] ?? null;

  /** A worker that is stopped keeps the order where it is; the request then overtakes nobody. */
  async function whileStopped(service: Service, cancel: (order: PlacedOrder) => Promise<void>): Promise<PlacedOrder> {
    const post = await shop.prepare("paid");
    shop.processes.worker(service).signal("SIGSTOP");
    try {
      const order = await post();
      await cancel(order);
      return order;
    } finally {
      shop.processes.worker(service).signal("SIGCONT");
    }
  }

  async function assertUncharged({ orderId, customerId }: PlacedOrder): Promise<void> {
    const record = (await shop.stores.orders([orderId])).get(orderId);
    assert.deepEqual(record?.transfers, []);
    assert.deepEqual(record.holds, []);
    assert.equal(await shop.stores.balanceMinor(customerId), orderKinds.paid.balanceMinor);
  }

  test("before stock has answered: cancelled, and payment never heard of it", limit, async () => {
    const order = await whileStopped("stock", async ({ orderId }) => {
      const { state, order: seen } = await shop.cancel(orderId);
      assert.deepEqual([state, seen.status], ["requested", "received"]);
      await until("the order service to have it", async () => (await statusAt(orderId, "order")) === "cancelling");
    });
    const { status, reason, timeline } = await waitFor(order);
    assert.deepEqual([status, reason], ["cancelled", "customer"]);
    assert.ok(timeline.cancelRequestedAt);
    await until("stock to release it", async () => (await statusAt(order.orderId, "stock")) === "released (customer)");
    assert.equal(await statusAt(order.orderId, "payment"), null);
    await assertUncharged(order);
  });

  test(
    "while payment has the request before it: cancelled, the money is there, the goods are back",
    limit,
    async () => {
      const order = await whileStopped("payment", async ({ orderId }) => {
        await until("the order to be created", async () => (await statusAt(orderId, "order")) === "created");
        assert.equal((await shop.cancel(orderId)).state, "requested");
      });
      const { status, reason, refundedMinor } = await waitFor(order);
      assert.deepEqual([status, reason], ["cancelled", "customer"]);
      await until(
        "stock to release it",
        async () => (await statusAt(order.orderId, "stock")) === "released (customer)",
      );
      assert.equal(await shop.stores.balanceMinor(order.customerId), orderKinds.paid.balanceMinor);
      const transfers = (await shop.stores.orders([order.orderId])).get(order.orderId)?.transfers;
      // Which of the two payment reads first is the broker's choice; both end the same.
      assert.deepEqual(transfers, refundedMinor === 300 ? ["charge 300", "refund 300"] : []);
    },
  );

  test(
    "after the payment, pressed five times: the refund is one ledger entry of its own beside the charge",
    limit,
    async () => {
      const order = await shop.place("paid");
      assert.equal((await waitFor(order)).status, "paid");
      const answers = await Promise.all(Array.from({ length: 5 }, () => shop.cancel(order.orderId)));
      assert.deepEqual([...new Set(answers.map(({ state }) => state))], ["requested"]);
      const { status, reason, refundedMinor, timeline } = await waitFor(order);
      assert.deepEqual([status, reason, refundedMinor], ["cancelled", "customer", 300]);
      assert.ok(timeline.paidAt);
      await until("all to agree", async () => (await statusAt(order.orderId, "stock")) === "released (customer)");
      const record = (await shop.stores.orders([order.orderId])).get(order.orderId);
      assert.deepEqual(record?.transfers, ["charge 300", "refund 300"]);
      assert.equal(await shop.stores.balanceMinor(order.customerId), orderKinds.paid.balanceMinor);
      assert.deepEqual(record?.published.intake, ["order.start", "order.cancel.request"]);
    },
  );

  test("after the end: told so, and nothing is sent", limit, async () => {
    const order = await shop.place("stock short");
    assert.equal((await waitFor(order)).status, "rejected");
    const { state, order: seen } = await shop.cancel(order.orderId);
    assert.deepEqual([state, seen.status], ["ended", "rejected"]);
    await shop.assertSettled([order]);
  });

  test("after the window, which is a setting: refused, and paid it stays", limit, async () => {
    await shop.processes.restart("intake", { CANCEL_WINDOW_MS: "0" });
    const order = await shop.place("paid");
    const { timeline } = await waitFor(order);
    await until("the window to be over", () => Date.now() > Date.parse(timeline.paidAt ?? ""));
    await assert.rejects(shop.cancel(order.orderId), /409.*cancel-window-over/);
    await shop.assertSettled([order]);
  });

  test("at the end the audit finds nothing wrong", limit, async () => {
    assert.deepEqual(await auditFindings(shop.processes.storeUrls), []);
    for (const service of services) assert.deepEqual(await shop.stores.deadLetters(service), []);
  });
});
