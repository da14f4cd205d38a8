import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Order, type OrderContext, type OrderMessage, decide } from "./decide.ts";

const orderId = "019aa5f0-0000-7000-8000-000000000001";
const context: OrderContext = { nowMs: 1_000, deadlineAfterMs: 900, accountCurrency: "GBP", totalLimitMinor: 500 };

function reserved(totalMinor: number | null, currency = "GBP"): OrderMessage {
  const lines = [{ productId: "pen", quantity: 1, priceMinor: 450 }];
  return { type: "stock.success", orderId, atMs: 800, data: { customerId: "ada", currency, lines, totalMinor } };
}

const created = decide(undefined, reserved(450), context);
const expire = (order: Order | undefined, nowMs: number) =>
  decide(order, { type: "deadline.passed", orderId }, { ...context, nowMs });

describe("an order whose goods are held", () => {
  test("is created with its deadline, and payment is asked in the same breath", () => {
    assert.equal(created.outcome, "created");
    assert.equal(created.order?.status, "created");
    assert.equal(created.order?.deadlineAtMs, 1_900);
    const deadline = { reservedAtMs: 800, deadlineAtMs: 1_900 };
    assert.deepEqual(created.outbox, [
      { type: "order.created", orderId, atMs: 1_000, data: { currency: "GBP", totalMinor: 450, ...deadline } },
      { type: "payment.request", orderId, atMs: 1_000, data: { customerId: "ada", currency: "GBP", amountMinor: 450 } },
    ]);
  });

  const refusals: readonly [string, OrderMessage, string][] = [
    ["over the shop's limit", reserved(501), "total-over-limit"],
    ["beyond 2^53", reserved(null), "total-over-limit"],
    ["in a currency that no account has", reserved(450, "EUR"), "currency-mismatch"],
  ];
  for (const [what, message, reason] of refusals) {
    test(`is cancelled by the order service when it is ${what}, as payment never hears of it`, () => {
      const { order, outbox } = decide(undefined, message, context);
      assert.equal(order?.status, "cancelled");
      assert.equal(order.reason, reason);
      assert.deepEqual(outbox, [
        { type: "order.cancel", orderId, atMs: 1_000, data: { reason, refundedMinor: 0 } },
        { type: "stock.rollback", orderId, atMs: 1_000, data: { reason } },
      ]);
    });
  }
});

describe("the deadline of a created order", () => {
  test("changes nothing before its time, whoever calls", () => {
    assert.deepEqual(expire(created.order, 1_899), { order: created.order, outbox: [], outcome: "ignored" });
  });

  test("voids once, and ends nothing by itself: payment may have charged already", () => {
    const expired = expire(created.order, 1_900);
    assert.equal(expired.order?.status, "created");
    assert.deepEqual(expired.outbox, [{ type: "payment.void", orderId, atMs: 1_900, data: { cause: "deadline" } }]);
    assert.deepEqual(expire(expired.order, 2_000), { order: expired.order, outbox: [], outcome: "ignored" });
  });
});

test("news of an order that was never created raises the alarm and changes nothing", () => {
  const cancel: OrderMessage = {
    type: "order.cancel",
    orderId,
    atMs: 0,
    data: { reason: "customer", refundedMinor: 0 },
  };
  assert.deepEqual(decide(undefined, cancel, context), { order: undefined, outbox: [], outcome: "alarm" });
});
