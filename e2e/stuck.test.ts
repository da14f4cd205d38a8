import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { stuckPage, undonePage } from "#contracts/admin.ts";
import { orderView } from "#contracts/http.ts";
import type { Service } from "#contracts/topics.ts";
import { until } from "#kafka/testing.ts";
import { stuckText } from "../cli/stuck/command.ts";
import { orderKinds } from "./order-kinds.ts";
import { openShop, type Shop } from "./shop.ts";

const limit = { timeout: 60_000 };
const token = "for-operators";
const settings = { ADMIN_TOKEN: token, WATCHDOG_INTERVAL_MS: "50", STUCK_AFTER_MS: "300" };

async function admin(shop: Shop, service: Service, path: string): Promise<unknown> {
  const url = `${shop.processes.worker(service).url}/admin${path}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(response.status, 200);
  return response.json();
}
const stuckOrders = async (shop: Shop) => stuckPage.parse(await admin(shop, "intake", "/stuck")).orders;
const orderAt = async (shop: Shop, orderId: string) =>
  orderView.parse(await (await fetch(`${shop.processes.worker("intake").url}/orders/${orderId}`)).json());

/** Waits until the watchdog names this order so, and asserts that everybody is told the same. */
async function assertStuck(shop: Shop, orderId: string, waits: readonly string[]): Promise<void> {
  let found: string[] | undefined;
  await until(
    `${orderId} to wait for ${waits.join(" ")}`,
    async () => {
      const order = (await stuckOrders(shop)).find((each) => each.orderId === orderId);
      found = order && [order.message, order.service, order.why];
      return found?.join() === waits.join();
    },
    30_000,
  ).catch((cause: unknown) => {
    throw new Error(`it is said to wait for ${found?.join(" ") ?? "nothing"}`, { cause });
  });
  const [message, service, why] = waits;
  const { waitingFor } = await orderAt(shop, orderId);
  assert.deepEqual([waitingFor?.message, waitingFor?.service, waitingFor?.why], waits, "on the order itself");
  const metrics = await (await fetch(`${shop.processes.worker("intake").url}/metrics`)).text();
  const line = `orderwright_stuck_orders{service="intake",message="${message}",waits_at="${service}",why="${why}"} `;
  assert.ok(
    metrics.includes(line),
    metrics
      .split("\n")
      .filter((each) => each.includes("stuck"))
      .join("\n"),
  );
  const log = shop.processes.worker("intake").output().split("\n");
  const told = log.filter((each) => each.includes("an order does not go on") && each.includes(orderId)).at(-1);
  assert.ok(told?.includes(`"waitsFor":"${message}","at":"${service}","why":"${why}"`), told ?? "no line");
  const page = {
    lookedAtMs: 1,
    total: 1,
    orders: (await stuckOrders(shop)).filter((each) => each.orderId === orderId),
  };
  assert.ok(stuckText(page, Date.now()).includes(`${message} at ${service}: ${why}`));
}

describe("the watchdog of a shop in which a service stands still", () => {
  let shop: Shop;
  before(async () => {
    shop = await openShop({ runtime: "Bun", broker: "the embedded broker" }, () => settings);
  });
  after(() => shop?.end());

  for (const [service, message] of [
    ["stock", "order.start"],
    ["order", "stock.success"],
    ["payment", "payment.request"],
  ] as const) {
    test(`names orders with ${message} at ${service}, and lets them go when it goes on`, limit, async () => {
      const post = await shop.prepare("paid");
      shop.processes.worker(service).signal("SIGSTOP");
      const order = await post().finally(() => undefined);
      await assertStuck(shop, order.orderId, [message, service, "unread"]);
      shop.processes.worker(service).signal("SIGCONT");
      await shop.assertSettled([order]);
      await until("none to be stuck", async () => (await stuckOrders(shop)).length === 0);
      assert.equal((await orderAt(shop, order.orderId)).waitingFor, undefined);
    });
  }
});

describe("a compensation that a service cannot do", () => {
  let shop: Shop;
  before(async () => {
    shop = await openShop({ runtime: "Bun", broker: "the embedded broker" }, () => settings);
  });
  after(() => shop?.end());

  test(
    "stays for an operator, apart from other dead letters, and the order says what it waits for",
    limit,
    async () => {
      const order = await shop.place("paid");
      await shop.assertSettled([order]);
      await shop.fillAccount(order.customerId);
      assert.equal((await shop.cancel(order.orderId)).state, "requested");
      await assertStuck(shop, order.orderId, ["payment.void", "payment", "dead-letter"]);
      const { undone } = undonePage.parse(await admin(shop, "payment", "/undone"));
      assert.deepEqual(
        undone.map(({ topic, key, reason }) => [topic, key, reason]),
        [["payment.void", order.orderId, "constraint"]],
      );
      const record = (await shop.stores.orders([order.orderId])).get(order.orderId);
      assert.deepEqual(record?.ends, orderKinds.paid.record.ends, "nothing else has changed");
      assert.deepEqual(record?.transfers, ["charge 300"]);
      const metrics = async () => (await fetch(`${shop.processes.worker("payment").url}/metrics`)).text();
      await until("it to be counted", async () => /^orderwright_compensations_undone\{.*\} 1$/m.test(await metrics()));
    },
  );
});
