import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { openShopUnderTest, orderId, type ShopUnderTest } from "./shop-under-test.ts";

let shop: ShopUnderTest;
const [first, second] = [1, 2].map(orderId) as [string, string];

/** Stock holds the goods of the first order, and the order service has not yet read stock.success. */
beforeEach(async () => {
  shop = await openShopUnderTest();
  await shop.place({ id: first, end: "paid" }, { id: second, end: "rejected" });
  await shop.readAll();
  await shop.run("intake", `UPDATE orders SET status = 'received' WHERE order_id = '${first}'`);
  await shop.run("stock", `UPDATE orders SET status = 'reserved' WHERE order_id = '${first}'`);
  await shop.run("order", `DELETE FROM orders WHERE order_id = '${first}'`);
  await shop.run(
    "payment",
    `DELETE FROM payments WHERE order_id = '${first}'`,
    `DELETE FROM transfers WHERE order_id = '${first}'`,
    "UPDATE accounts SET balance_minor = 1000000",
  );
});
afterEach(() => shop.remove());

const nobodyRuns = async () => {
  for (const service of ["intake", "stock", "order", "payment"] as const) {
    await shop.run(service, "UPDATE instances SET running = 0");
  }
};

describe("an order whose message is on its way", () => {
  beforeEach(() => shop.run("stock", "UPDATE instances SET read_seq = 0"));

  test("is no finding while readers stand still, and its unread messages are told", async () => {
    const verdict = await shop.audit();
    assert.deepEqual(verdict.findings, []);
    assert.deepEqual(verdict.inFlight, { count: 1, orderIds: [first] });
    assert.deepEqual(
      verdict.unread.map(({ service, instanceId }) => [service, instanceId]),
      [["stock", "one"]],
    );
  });

  test("is no finding when nobody runs, and hides none that is: that one has no message on its way", async () => {
    await nobodyRuns();
    await shop.run("intake", `UPDATE orders SET status = 'received', reason = NULL WHERE order_id = '${second}'`);
    const verdict = await shop.audit();
    assert.deepEqual(
      verdict.findings.map(({ rule, orderId }) => [rule, orderId]),
      [["view", second]],
    );
    assert.deepEqual(verdict.inFlight, { count: 1, orderIds: [first] });
  });

  test("is no finding when it ends while the audit waits for its readers", async () => {
    const verdict = await shop.audit({
      1: async () => {
        await endFirst();
        await shop.readAll();
      },
    });
    assert.deepEqual(verdict.findings, []);
    assert.deepEqual(verdict.ended, { paid: 1, rejected: 1 });
  });

  test("is no finding when it only moved on: what it published then was not looked for", async () => {
    const verdict = await shop.audit({
      1: () => shop.readAll(),
      2: () => shop.run("order", created),
      3: endFirst,
    });
    assert.deepEqual(verdict.findings, []);
    assert.deepEqual(verdict.ended, { paid: 1, rejected: 1 });
  });

  test("is no finding when all that changed is that its customer wants to cancel it", async () => {
    const verdict = await shop.audit({
      1: () => shop.readAll(),
      2: () => shop.run("intake", `UPDATE orders SET cancel_requested_at_ms = 5 WHERE order_id = '${first}'`),
      3: endFirst,
    });
    assert.deepEqual(verdict.findings, []);
  });

  test("is named as it is now when it moved on and then stood still", async () => {
    const { findings } = await shop.audit({ 1: () => shop.readAll(), 2: () => shop.run("order", created) });
    assert.deepEqual(
      findings.map(({ rule, orderId }) => [rule, orderId]),
      [["no-end", first]],
    );
    assert.match(findings[0]?.says[2] ?? "", /^order {4}created/);
  });

  test("is named when its message was read and nothing came of it", async () => {
    const { findings, inFlight } = await shop.audit({ 1: () => shop.readAll() });
    assert.deepEqual(
      findings.map(({ rule, orderId }) => [rule, orderId]),
      [["no-end", first]],
    );
    assert.equal(inFlight.count, 0);
  });
});

const created = `INSERT INTO orders (order_id, status, customer_id, currency, total_minor, deadline_at_ms)
  VALUES ('${first}', 'created', 'ann', 'GBP', 500, 99) ON CONFLICT DO NOTHING`;

async function endFirst(): Promise<void> {
  await shop.run("order", created, "UPDATE orders SET status = 'paid' WHERE status = 'created'");
  await shop.run(
    "payment",
    `INSERT INTO payments (order_id, status, customer_id, currency, amount_minor)
      VALUES ('${first}', 'charged', 'ann', 'GBP', 500)`,
    `INSERT INTO transfers VALUES ('charge/${first}', '${first}', 'customer/ann', 'shop/takings', 500, 'GBP', 2)`,
    "UPDATE accounts SET balance_minor = balance_minor - 500 WHERE customer_id = 'ann'",
  );
  await shop.run("stock", `UPDATE orders SET status = 'sold' WHERE order_id = '${first}'`);
  await shop.run("intake", `UPDATE orders SET status = 'paid' WHERE order_id = '${first}'`);
}
