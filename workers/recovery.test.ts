import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sql } from "drizzle-orm";
import type { FactName, OrderFacts } from "#bus/recover/recovery.ts";
import type { OrderEvent } from "#contracts/events.ts";
import { migrations as paymentMigrations } from "#db/payment/migrations.ts";
import { migrations as stockMigrations } from "#db/stock/migrations.ts";
import { openTemporaryStore } from "#db/temporary-store.ts";
import { learnOrder } from "./order/recovery.ts";
import { learnPayment, paymentRecovery } from "./payment/recovery.ts";
import { stockRecovery } from "./stock/recovery.ts";

const { signal } = new AbortController();
const orderId = "01890000-0000-7000-8000-000000000001";
const base = { orderId, atMs: 7 };
const money = { amountMinor: 300, currency: "GBP" };

const request = { ...base, type: "payment.request", data: { customerId: "ann", ...money } } as const;
const success = { ...base, type: "payment.success", data: { ...money, paymentId: `charge/${orderId}` } } as const;
const refunded = { ...base, type: "payment.refunded", data: money } as const;
const cancel = { ...base, type: "order.cancel", data: { reason: "customer", refundedMinor: 300 } } as const;
const rollback = { ...base, type: "stock.rollback", data: { reason: "customer" } } as const;
const created = {
  ...base,
  type: "order.created",
  data: { currency: "GBP", totalMinor: 300, reservedAtMs: 5, deadlineAtMs: 99 },
} as const;
const lines = [{ productId: "mug", quantity: 3, priceMinor: 100 }];
const reserved = {
  ...base,
  type: "stock.success",
  data: { customerId: "ann", currency: "GBP", lines, totalMinor: 300 },
} as const;

function factsOf(...events: readonly OrderEvent[]): OrderFacts {
  const told = new Map<FactName, OrderEvent>(events.map((event) => [event.type as FactName, event]));
  return { orderId, told: (name) => told.get(name) as never };
}

describe("of a decision some of whose messages never reached their topics", () => {
  test("the order service publishes the rest: an order that was created asks for its payment", () => {
    const { order, missing } = learnOrder(undefined, factsOf(created, reserved), { deadlineAfterMs: 1 });
    assert.deepEqual([order?.status, order?.deadlineAtMs, order?.customerId], ["created", 99, "ann"]);
    assert.deepEqual(missing, [request]);
  });

  test("payment publishes the rest: a refund that was only told to stock ends the order for all", () => {
    const { payment, missing, transfers } = learnPayment(undefined, factsOf(request, success, rollback));
    assert.equal(payment?.status, "refunded");
    assert.deepEqual(missing, [refunded, cancel]);
    assert.deepEqual(
      transfers.map(({ transferId }) => transferId),
      [`charge/${orderId}`, `refund/${orderId}`],
    );
  });

  test("nothing is published of what is known to be whole", () => {
    assert.deepEqual(learnPayment(undefined, factsOf(request, success)).missing, []);
    assert.deepEqual(learnPayment(undefined, factsOf(request, success, refunded, cancel, rollback)).missing, []);
  });

  test("a charge whose customer is told nowhere is a problem that is named", () => {
    const { payment, problems } = learnPayment(undefined, factsOf(success));
    assert.equal(payment, undefined);
    assert.match(problems.join(), new RegExp(`order ${orderId} is charged, but whom is told nowhere`));
  });
});

describe("what came in after the copy and was not entered again", () => {
  test("is booked as far as orders hold it, once however often it is learned, and said", async () => {
    const temporary = await openTemporaryStore(stockMigrations);
    const learn = () =>
      temporary.store.write(signal, async (tx) => {
        await stockRecovery.learn(tx, [factsOf(reserved)]);
        return stockRecovery.settle(tx, 1_000);
      });
    assert.match(
      (await learn()).join(),
      /product mug: orders have 3 pieces more than this store knows to have come in/,
    );
    assert.deepEqual(await learn(), []);
    const rows = await temporary.store.read(signal, (db) =>
      db.all(sql`SELECT available, price_minor AS price, quantity FROM products JOIN restocks USING (product_id)`),
    );
    assert.deepEqual(rows, [{ available: 0, price: 100, quantity: 3 }]);
    await temporary.remove();
  });

  test("pieces that a rollback gave back are not missed: they would be sold twice", async () => {
    const temporary = await openTemporaryStore(stockMigrations);
    const said = await temporary.store.write(signal, async (tx) => {
      await stockRecovery.learn(tx, [factsOf(reserved, rollback)]);
      return stockRecovery.settle(tx, 1_000);
    });
    assert.deepEqual(said, []);
    await temporary.remove();
  });

  test("money that was spent is booked, once, and the balance is what the ledger says", async () => {
    const temporary = await openTemporaryStore(paymentMigrations);
    const learn = () =>
      temporary.store.write(signal, async (tx) => {
        await paymentRecovery.learn(tx, [factsOf(request, success)]);
        return paymentRecovery.settle(tx, 1_000);
      });
    assert.match((await learn()).join(), /customer ann: 300 minor units of GBP more were spent/);
    assert.deepEqual(await learn(), []);
    const rows = await temporary.store.read(signal, (db) =>
      db.all(sql`SELECT balance_minor AS balance, (SELECT count(*) FROM transfers) AS transfers FROM accounts`),
    );
    assert.deepEqual(rows, [{ balance: 0, transfers: 2 }]);
    await temporary.remove();
  });
});
