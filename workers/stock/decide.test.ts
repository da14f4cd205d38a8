import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Line } from "#contracts/fields.ts";
import { type Product, type StockMessage, type StockOrder, type StockState, decide } from "./decide.ts";

const first = "019aa5f0-0000-7000-8000-000000000001";
const second = "019aa5f0-0000-7000-8000-000000000002";
const pen: Product = { productId: "pen", available: 5, priceMinor: 100 };
const ink: Product = { productId: "ink", available: 1, priceMinor: 250 };
const nobody: StockState = { order: undefined, products: new Map([pen, ink].map((each) => [each.productId, each])) };
const context = { nowMs: 1_000 };
const blank = blankOf(first);

function start(lines: readonly Line[], orderId = first): StockMessage {
  return { type: "order.start", orderId, atMs: 900, data: { customerId: "ada", currency: "GBP", lines: [...lines] } };
}

function rollBack(orderId = first): StockMessage {
  return { type: "stock.rollback", orderId, atMs: 900, data: { reason: "deadline" } };
}

describe("an order of several products", () => {
  test("holds all lines, at the prices of now", () => {
    const lines = [
      { productId: "pen", quantity: 2 },
      { productId: "ink", quantity: 1 },
    ];
    const decision = decide(nobody, start(lines), context);
    assert.equal(decision.outcome, "reserved");
    assert.deepEqual(decision.products, [
      { ...pen, available: 3 },
      { ...ink, available: 0 },
    ]);
    assert.deepEqual(decision.order, { ...blank, status: "reserved", lines, reservedAtMs: 1_000 });
    const priced = lines.map((line, index) => ({ ...line, priceMinor: [100, 250][index] }));
    const data = { customerId: "ada", currency: "GBP", lines: priced, totalMinor: 450 };
    assert.deepEqual(decision.outbox, [{ type: "stock.success", orderId: first, atMs: 1_000, data }]);
  });

  test("holds nothing when one line is short, and says which", () => {
    const lines = [
      { productId: "pen", quantity: 2 },
      { productId: "ink", quantity: 2 },
    ];
    const decision = decide(nobody, start(lines), context);
    assert.deepEqual(decision.products, []);
    assert.deepEqual(decision.order, { ...blank, status: "refused", reason: "stock-short", refusedAtMs: 1_000 });
    const data = { reason: "stock-short", shortLines: [{ productId: "ink", quantity: 2, available: 1 }] };
    assert.deepEqual(decision.outbox, [{ type: "stock.failed", orderId: first, atMs: 1_000, data }]);
  });

  test("is refused for its unknown product first, as no restock will help", () => {
    const lines = [
      { productId: "ink", quantity: 2 },
      { productId: "paper", quantity: 1 },
    ];
    const [failed] = decide(nobody, start(lines), context).outbox;
    assert.deepEqual(failed?.data, {
      reason: "unknown-product",
      shortLines: [
        { productId: "ink", quantity: 2, available: 1 },
        { productId: "paper", quantity: 1, available: null },
      ],
    });
  });

  test("whose total passes 2^53 says so, instead of a number that is nearly right", () => {
    const gold = Array.from({ length: 10 }, (_, index) => ({
      productId: `gold-${index}`,
      available: 1_000_000,
      priceMinor: 1_000_000_000,
    }));
    const products = new Map(gold.map((each) => [each.productId, each]));
    const lines = gold.map(({ productId }) => ({ productId, quantity: 1_000_000 }));
    const totalOf = (count: number) => {
      const [success] = decide({ order: undefined, products }, start(lines.slice(0, count)), context).outbox;
      return success?.type === "stock.success" ? success.data.totalMinor : undefined;
    };
    assert.equal(totalOf(9), 9_000_000_000_000_000);
    assert.equal(totalOf(10), null);
  });
});

describe("a batch", () => {
  test("decides the second order on what the first one left", () => {
    const products = new Map(nobody.products);
    const outcomes = [first, second].map((orderId) => {
      const lines = [{ productId: "pen", quantity: 3 }];
      const decision = decide({ order: undefined, products }, start(lines, orderId), context);
      for (const product of decision.products) products.set(product.productId, product);
      return decision.outcome;
    });
    assert.deepEqual(outcomes, ["reserved", "refused"]);
    assert.equal(products.get("pen")?.available, 2);
  });

  test("leaves what it was given as it was, because a rollback decides it again", () => {
    decide(nobody, start([{ productId: "pen", quantity: 3 }]), context);
    assert.deepEqual(nobody.products.get("pen"), pen);
  });
});

describe("a reserved order", () => {
  const lines = [{ productId: "pen", quantity: 2 }];
  const order: StockOrder = { ...blankOf(first), status: "reserved", lines, reservedAtMs: 500 };
  const state: StockState = { ...nobody, order };

  test("is held once, however often order.start is delivered", () => {
    const decision = decide(state, start(lines), context);
    assert.deepEqual(decision, { order, products: [], outbox: [], outcome: "duplicate" });
  });

  test("gives back the quantities of its own row", () => {
    const decision = decide(state, rollBack(), context);
    assert.deepEqual(decision.products, [{ ...pen, available: 7 }]);
    assert.deepEqual(decision.order, { ...order, status: "released", reason: "deadline", rolledBackAtMs: 1_000 });
  });

  test("cannot be given back when its products were not loaded: that is a fault of ours, not a decision", () => {
    assert.throws(() => decide({ order, products: new Map() }, rollBack(), context), /holds pen, which was not loaded/);
  });
});

describe("a rollback of an order that stock never saw", () => {
  const { order, outcome } = decide(nobody, rollBack(), context);

  test("raises the alarm and leaves a tombstone, because it must not happen", () => {
    assert.equal(outcome, "alarm");
    assert.deepEqual(order, { ...blank, status: "tombstone", reason: "deadline", rolledBackAtMs: 1_000 });
  });

  test("keeps a late order.start from holding goods for ever", () => {
    const late = decide({ ...nobody, order }, start([{ productId: "pen", quantity: 1 }]), context);
    assert.deepEqual(late, { order, products: [], outbox: [], outcome: "ignored" });
  });
});

function blankOf(orderId: string) {
  const moments = { reservedAtMs: null, refusedAtMs: null, soldAtMs: null, rolledBackAtMs: null };
  return { orderId, lines: [], reason: null, ...moments };
}
