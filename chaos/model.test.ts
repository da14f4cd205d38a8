import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { OrderRecord } from "../e2e/agreement.ts";
import { type OrderKind, orderKinds } from "../e2e/order-kinds.ts";
import { endsOf, type Fate, judgeEnd } from "./model.ts";

const fate = (kind: OrderKind, isCancelled = false, ...discarded: string[]): Fate => {
  return { kind, isCancelled, discarded: new Set(discarded) };
};
const paymentsOf = (each: Fate) => endsOf(each).map(({ ends }) => ends.payment);
const paid: Pick<OrderRecord, "ends" | "transfers" | "holds"> = orderKinds.paid.record;
const refunded = {
  ends: {
    intake: "cancelled (customer)",
    stock: "released (customer)",
    order: "cancelled (customer)",
    payment: "refunded (customer)",
  },
  transfers: ["charge 300", "refund 300"],
  holds: [],
};

describe("an order that nobody touched", () => {
  test("has one end", () => {
    for (const kind of Object.keys(orderKinds) as OrderKind[]) assert.equal(endsOf(fate(kind)).length, 1, kind);
    assert.equal(judgeEnd(fate("paid"), paid, 700), undefined);
  });

  test("is wrong with another end, other money, other pieces, or none at all", () => {
    assert.match(judgeEnd(fate("paid"), refunded, 1_000) ?? "", /refunded/);
    assert.match(judgeEnd(fate("paid"), paid, 1_000) ?? "", /"spentMinor":0/);
    assert.match(judgeEnd(fate("paid"), { ...paid, holds: [] }, 700) ?? "", /it may end paid/);
    assert.match(judgeEnd(fate("paid"), { ...paid, transfers: ["charge 300", "charge 300"] }, 400) ?? "", /charge 300/);
    assert.equal(judgeEnd(fate("paid"), undefined, 1_000), "no store knows it");
  });
});

describe("an order whose customer was promised a cancel", () => {
  test("does not stay paid; what payment keeps says how far it was", () => {
    assert.deepEqual(paymentsOf(fate("paid", true)), [null, "fenced (customer)", "refunded (customer)"]);
    assert.match(judgeEnd(fate("paid", true), paid, 700) ?? "", /cancelled by its customer/);
    assert.equal(judgeEnd(fate("paid", true), refunded, 1_000), undefined);
  });

  test("ends as it would have, or by the cancel, where it was not to be paid", () => {
    assert.deepEqual(paymentsOf(fate("stock short", true)), [null]);
    assert.deepEqual(paymentsOf(fate("balance short", true)), ["refused (balance-short)", null, "fenced (customer)"]);
    assert.deepEqual(paymentsOf(fate("other currency", true)), [null, null]);
  });
});

describe("an order of which an operator discarded a message", () => {
  test("may be refused there, and nowhere else", () => {
    assert.deepEqual(
      endsOf(fate("paid", false, "order.start")).map(({ ends }) => ends.intake),
      ["paid", "rejected (discarded)"],
    );
    assert.equal(endsOf(fate("stock short", false, "payment.request")).length, 1);
    assert.equal(endsOf(fate("paid", false, "payment.success", "stock.rollback")).length, 1);
  });

  test("may lack a reason where the discard told of the end, and only then", () => {
    const record = orderKinds["stock short"].record;
    const untold = { ...record, ends: { ...record.ends, order: "rejected (discarded)" } };
    assert.equal(judgeEnd(fate("stock short", false, "stock.failed"), untold, 1_000), undefined);
    assert.notEqual(judgeEnd(fate("stock short"), untold, 1_000), undefined);
  });
});
