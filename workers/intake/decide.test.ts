import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type View, type ViewMessage, accept, decide, requestCancel } from "./decide.ts";

const orderId = "019aa5f0-0000-7000-8000-000000000001";
const context = { nowMs: 100, cancelWindowMs: 50 };
const lines = [
  { productId: "pen", quantity: 1 },
  { productId: "ink", quantity: 2 },
  { productId: "pen", quantity: 3 },
];
const accepted = accept({ orderId, customerId: "ada", currency: "GBP", lines }, context);
const created: ViewMessage = {
  type: "order.created",
  orderId,
  atMs: 300,
  data: { currency: "GBP", totalMinor: 450, reservedAtMs: 200, deadlineAtMs: 900 },
};
const paid: ViewMessage = {
  type: "payment.success",
  orderId,
  atMs: 400,
  data: { amountMinor: 450, currency: "GBP", paymentId: `charge/${orderId}` },
};
const cancelled: ViewMessage = {
  type: "order.cancel",
  orderId,
  atMs: 500,
  data: { reason: "customer", refundedMinor: 450 },
};

const show = (...messages: readonly ViewMessage[]) =>
  messages.reduce<View | undefined>((view, message) => decide(view, message).view, accepted.view);

describe("an accepted order", () => {
  test("has one line a product, in the order of the first, so that stock decides each product once", () => {
    const merged = [
      { productId: "pen", quantity: 4 },
      { productId: "ink", quantity: 2 },
    ];
    assert.deepEqual(accepted.view?.lines, merged);
    assert.deepEqual(accepted.outbox, [
      { type: "order.start", orderId, atMs: 100, data: { customerId: "ada", currency: "GBP", lines: merged } },
    ]);
  });

  test("shows the same at the end, in whatever order its news comes", () => {
    const inOrder = show(created, paid, cancelled);
    assert.equal(inOrder?.status, "cancelled");
    assert.deepEqual(
      [inOrder.receivedAtMs, inOrder.reservedAtMs, inOrder.createdAtMs, inOrder.paidAtMs, inOrder.cancelledAtMs],
      [100, 200, 300, 400, 500],
    );
    assert.deepEqual(show(cancelled, paid, created), inOrder);
    assert.deepEqual(show(paid, cancelled, created, created, paid), inOrder);
  });

  test("never goes back: what comes late fills in the timeline only", () => {
    const view = show(paid, created);
    assert.equal(view?.status, "paid");
    assert.equal(view.createdAtMs, 300);
  });
});

describe("a customer who cancels", () => {
  test("asks once, however often the button is pressed", () => {
    const asked = requestCancel(accepted.view, context);
    assert.equal(asked.outcome, "cancelling");
    assert.deepEqual(asked.outbox, [
      { type: "order.cancel.request", orderId, atMs: 100, data: { requestedAtMs: 100 } },
    ]);
    assert.deepEqual(requestCancel(asked.view, context), { view: asked.view, outbox: [], outcome: "duplicate" });
  });

  test("may do so within the window after the payment, and not a moment longer", () => {
    const view = show(paid);
    assert.equal(requestCancel(view, { ...context, nowMs: 450 }).outcome, "cancelling");
    const late = requestCancel(view, { ...context, nowMs: 451 });
    assert.deepEqual(late, { view, outbox: [], outcome: "too-late" });
  });

  test("changes nothing once the order has ended", () => {
    const view = show(cancelled);
    assert.deepEqual(requestCancel(view, context), { view, outbox: [], outcome: "ended" });
  });
});

test("news of an order that intake never accepted raises the alarm", () => {
  assert.deepEqual(decide(undefined, paid), { view: undefined, outbox: [], outcome: "alarm" });
});
