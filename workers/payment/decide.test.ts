import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Account, type PaymentMessage, decide } from "./decide.ts";

const first = "019aa5f0-0000-7000-8000-000000000001";
const second = "019aa5f0-0000-7000-8000-000000000002";
const account: Account = { customerId: "ada", currency: "GBP", balanceMinor: 500 };
const context = { nowMs: 1_000 };

function request(amountMinor: number, orderId = first): PaymentMessage {
  return { type: "payment.request", orderId, atMs: 900, data: { customerId: "ada", currency: "GBP", amountMinor } };
}

function cancel(orderId = first): PaymentMessage {
  return { type: "payment.void", orderId, atMs: 900, data: { cause: "customer" } };
}

describe("a charge", () => {
  const charged = decide({ payment: undefined, account }, request(500), context);
  const amount = { amountMinor: 500, currency: "GBP" };

  test("takes the last penny, and enters it from the customer to the shop's takings", () => {
    assert.equal(charged.account?.balanceMinor, 0);
    assert.deepEqual(charged.transfers, [
      {
        transferId: `charge/${first}`,
        orderId: first,
        debit: "customer/ada",
        credit: "shop/takings",
        ...amount,
        atMs: 1_000,
      },
    ]);
    assert.deepEqual(charged.outbox, [
      { type: "payment.success", orderId: first, atMs: 1_000, data: { ...amount, paymentId: `charge/${first}` } },
    ]);
  });

  test("is refunded by the opposite entry, with an id of its own", () => {
    const refunded = decide(charged, cancel(), context);
    assert.equal(refunded.account?.balanceMinor, 500);
    assert.deepEqual(
      refunded.transfers.map(({ transferId, debit, credit }) => [transferId, debit, credit]),
      [[`refund/${first}`, "shop/takings", "customer/ada"]],
    );
    assert.deepEqual(refunded.outbox, [
      { type: "payment.refunded", orderId: first, atMs: 1_000, data: amount },
      { type: "order.cancel", orderId: first, atMs: 1_000, data: { reason: "customer", refundedMinor: 500 } },
      { type: "stock.rollback", orderId: first, atMs: 1_000, data: { reason: "customer" } },
    ]);
  });

  test("cannot be refunded to an account that was not loaded: that is a fault of ours, not a decision", () => {
    assert.throws(() => decide({ ...charged, account: undefined }, cancel(), context), /was not loaded/);
  });
});

describe("a batch", () => {
  test("charges the second order of a customer from what the first one left", () => {
    const one = decide({ payment: undefined, account }, request(300), context);
    const two = decide({ payment: undefined, account: one.account }, request(300, second), context);
    assert.deepEqual([one.outcome, two.outcome], ["charged", "refused"]);
    assert.equal(two.payment?.reason, "balance-short");
    assert.equal(two.account?.balanceMinor, 200);
  });
});

describe("a refusal", () => {
  const cases: readonly [string, Account | undefined][] = [
    ["unknown-customer", undefined],
    ["currency-mismatch", { ...account, currency: "EUR" }],
    ["balance-short", { ...account, balanceMinor: 499 }],
  ];
  for (const [reason, known] of cases) {
    test(`for ${reason} moves no money, and ends the order`, () => {
      const refused = decide({ payment: undefined, account: known }, request(500), context);
      assert.deepEqual(refused.account, known);
      assert.deepEqual(refused.transfers, []);
      assert.deepEqual(
        refused.outbox.map(({ type, data }) => [type, "reason" in data ? data.reason : undefined]),
        [
          ["order.cancel", reason],
          ["stock.rollback", reason],
        ],
      );
    });
  }
});
