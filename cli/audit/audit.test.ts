import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { openShopUnderTest, orderId, type ShopUnderTest } from "./shop-under-test.ts";

let shop: ShopUnderTest;
beforeEach(async () => {
  shop = await openShopUnderTest();
});
afterEach(() => shop.remove());

const [first, second, third, fourth] = [1, 2, 3, 4].map(orderId) as [string, string, string, string];

/** What was found, without the words. */
async function found(): Promise<(readonly [rule: string, orderId: string | null])[]> {
  const { findings, findingCount } = await shop.audit();
  assert.equal(findings.length, findingCount);
  return findings.map(({ rule, orderId }) => [rule, orderId] as const);
}

async function placeOneOfEach(): Promise<void> {
  await shop.place(
    { id: first, end: "paid" },
    { id: second, end: "rejected" },
    { id: third, end: "cancelled", customer: "bob" },
    { id: fourth, end: "refunded", product: "lamp" },
  );
  await shop.readAll();
}

describe("stores whose orders all ended well", () => {
  test("are clean: each end is counted, goods and money are conserved", async () => {
    await placeOneOfEach();
    const verdict = await shop.audit();
    assert.deepEqual(verdict.findings, []);
    assert.deepEqual(verdict.ended, { paid: 1, rejected: 1, cancelled: 2 });
    assert.deepEqual([verdict.orders, verdict.products, verdict.accounts], [4, 2, 2]);
    assert.equal(verdict.inFlight.count, 0);
  });

  test("are clean however many they are: more than a page of each store", async () => {
    const ids = Array.from({ length: 2_500 }, (_, index) => orderId(index));
    await shop.place(
      ...ids.map((id, index) => ({ id, end: index % 3 === 0 ? ("rejected" as const) : ("paid" as const) })),
    );
    await shop.readAll();
    const verdict = await shop.audit();
    assert.deepEqual(verdict.findings, []);
    assert.deepEqual([verdict.orders, verdict.ended], [2_500, { paid: 1_666, rejected: 834 }]);
  });

  test("are clean without orders", async () => {
    assert.deepEqual(await found(), []);
  });
});

describe("an order that is wrong across stores", () => {
  beforeEach(placeOneOfEach);

  test("is named when stock lost it: all was read, and it never ended", async () => {
    await shop.run("stock", `DELETE FROM orders WHERE order_id = '${second}'`);
    await shop.run("order", `DELETE FROM orders WHERE order_id = '${second}'`);
    await shop.run("intake", `UPDATE orders SET status = 'received', reason = NULL WHERE order_id = '${second}'`);
    assert.deepEqual(await found(), [["no-end", second]]);
  });

  test("is named when two services ended it differently", async () => {
    await shop.run("order", `UPDATE orders SET status = 'cancelled', reason = 'deadline' WHERE order_id = '${first}'`);
    const { findings } = await shop.audit();
    assert.deepEqual(
      findings.map(({ rule, orderId }) => [rule, orderId]),
      [["disagreed-end", first]],
    );
    assert.deepEqual(findings[0]?.says, [
      "intake   paid, customer ann, 2 mug, 500 GBP minor units",
      "stock    sold, 2 mug",
      "order    cancelled (deadline), customer ann, 500 GBP minor units",
      "payment  charged, customer ann, 500 GBP minor units",
    ]);
  });

  test("is named when its view stays behind for ever", async () => {
    await shop.run("intake", `UPDATE orders SET status = 'created' WHERE order_id = '${first}'`);
    assert.deepEqual(await found(), [["view", first]]);
  });

  test("is named when two services published its end, although the rows agree", async () => {
    const publish = `INSERT INTO outbox (instance_id, created_at_ms, message_id, topic)
      VALUES ('one', 1, 'order.cancel/${third}', 'order.cancel')`;
    await shop.run("payment", publish);
    assert.deepEqual(await found(), []);
    await shop.run("order", publish);
    assert.deepEqual(await found(), [["two-endings", third]]);
  });

  test("is named when intake never accepted it", async () => {
    await shop.run("intake", `DELETE FROM orders WHERE order_id = '${third}'`);
    assert.deepEqual(await found(), [["unknown-order", third]]);
  });

  test("is named when stock was told to release what it never held", async () => {
    await shop.run("stock", `UPDATE orders SET status = 'tombstone', lines = '[]' WHERE order_id = '${third}'`);
    assert.deepEqual(await found(), [["tombstone", third]]);
  });

  test("is named when services keep different reasons of it", async () => {
    await shop.run("stock", `UPDATE orders SET reason = 'deadline' WHERE order_id = '${third}'`);
    assert.deepEqual(await found(), [["facts", third]]);
  });

  test("is no finding when an operator discarded a message, with the reason in it", async () => {
    await shop.run("stock", `UPDATE orders SET reason = 'discarded' WHERE order_id = '${third}'`);
    assert.deepEqual(await found(), []);
  });

  test("is named when intake shows another refund than was paid", async () => {
    await shop.run("intake", `UPDATE orders SET refunded_minor = 999 WHERE order_id = '${fourth}'`);
    assert.deepEqual(await found(), [["facts", fourth]]);
  });

  test("is named when its total is not prices x quantities", async () => {
    const other = "replace(CAST(value AS TEXT), '\"priceMinor\":250', '\"priceMinor\":251')";
    await shop.run(
      "stock",
      `UPDATE outbox SET value = CAST(${other} AS BLOB) WHERE message_id = 'stock.success/${first}'`,
    );
    assert.deepEqual(await found(), [["price", first]]);
  });
});

describe("two orders that were taken for each other", () => {
  beforeEach(async () => {
    await shop.place({ id: first, end: "paid", customer: "ann" }, { id: second, end: "paid", customer: "bob" });
    await shop.readAll();
  });

  test("are named when stock gave each the other's lines: all sums are right, and both orders wrong", async () => {
    await shop.place(
      { id: third, end: "paid", product: "mug", quantity: 4 },
      { id: fourth, end: "paid", product: "lamp", quantity: 2 },
    );
    const lines = (product: string, quantity: number) => JSON.stringify([{ productId: product, quantity }]);
    await shop.run(
      "stock",
      `UPDATE orders SET lines = '${lines("lamp", 2)}' WHERE order_id = '${third}'`,
      `UPDATE orders SET lines = '${lines("mug", 4)}' WHERE order_id = '${fourth}'`,
    );
    assert.deepEqual(await found(), [
      ["facts", third],
      ["facts", fourth],
    ]);
  });

  test("are named when each customer was charged for the other's: payment and ledger agree with each other", async () => {
    const other = (column: string) => `CASE ${column} WHEN 'ann' THEN 'bob' ELSE 'ann' END`;
    await shop.run(
      "payment",
      `UPDATE payments SET customer_id = ${other("customer_id")}`,
      `UPDATE transfers SET debit = 'customer/' || ${other("substr(debit, 10)")} WHERE order_id IS NOT NULL`,
    );
    assert.deepEqual(await found(), [
      ["facts", first],
      ["facts", second],
    ]);
  });
});

describe("a ledger that is wrong", () => {
  beforeEach(placeOneOfEach);
  const copy = (id: string, transferId: string) => `INSERT INTO transfers
    SELECT '${transferId}', order_id, debit, credit, amount_minor, currency, at_ms FROM transfers WHERE transfer_id = '${id}'`;

  test("names the order that was charged twice, also when the balance says so too", async () => {
    await shop.run(
      "payment",
      copy(`charge/${first}`, `charge/${first}/again`),
      "UPDATE accounts SET balance_minor = balance_minor - 500 WHERE customer_id = 'ann'",
    );
    assert.deepEqual(await found(), [["ledger", first]]);
  });

  test("names the order whose refund is missing", async () => {
    await shop.run(
      "payment",
      `DELETE FROM transfers WHERE transfer_id = 'refund/${fourth}'`,
      "UPDATE accounts SET balance_minor = balance_minor - 1000 WHERE customer_id = 'ann'",
    );
    assert.deepEqual(await found(), [["ledger", fourth]]);
  });

  test("names the order that was cancelled without its money back", async () => {
    await shop.run("payment", `UPDATE payments SET status = 'charged', reason = NULL WHERE order_id = '${fourth}'`);
    const rules = await found();
    assert.deepEqual(rules, [
      ["ledger", fourth],
      ["disagreed-end", fourth],
      ["facts", fourth],
    ]);
  });

  test("names the order that was charged another amount than it cost", async () => {
    await shop.run(
      "payment",
      `UPDATE transfers SET amount_minor = 499 WHERE transfer_id = 'charge/${first}'`,
      "UPDATE accounts SET balance_minor = balance_minor + 1 WHERE customer_id = 'ann'",
    );
    assert.deepEqual(await found(), [["ledger", first]]);
  });

  test("names the order whose charge nobody decided", async () => {
    await shop.run(
      "payment",
      `INSERT INTO transfers
      VALUES ('charge/${second}', '${second}', 'customer/ann', 'shop/takings', 0, 'GBP', 9)`,
    );
    assert.deepEqual(await found(), [["ledger", second]]);
  });

  test("names the account, and who booked there last, when its balance is not its transfers", async () => {
    await shop.run("payment", "UPDATE accounts SET balance_minor = balance_minor + 1 WHERE customer_id = 'ann'");
    const { findings } = await shop.audit();
    assert.deepEqual(
      findings.map(({ rule, orderId, says }) => ({ rule, orderId, says })),
      [{ rule: "money", orderId: fourth, says: ["account  999501", "ledger   999500"] }],
    );
  });
});

describe("a shelf that is wrong", () => {
  beforeEach(placeOneOfEach);

  test("names the order that took a product beyond what came in, not the one that touched it last", async () => {
    const fifth = orderId(5);
    await shop.place({ id: fifth, end: "paid" });
    await shop.run(
      "stock",
      `UPDATE orders SET reserved_at_ms = 5 WHERE order_id = '${fifth}'`,
      `UPDATE orders SET rolled_back_at_ms = 9 WHERE order_id = '${third}'`,
      "UPDATE restocks SET quantity = 3 WHERE product_id = 'mug'",
      "UPDATE products SET available = 0 WHERE product_id = 'mug'",
    );
    const { findings } = await shop.audit();
    assert.deepEqual(
      findings.map(({ rule, orderId, says }) => ({ rule, orderId, says })),
      [{ rule: "goods", orderId: fifth, says: ["stock    3 came in; 0 available, 0 held, 4 sold"] }],
    );
  });

  test("names the order that gave its pieces back twice", async () => {
    await shop.run(
      "stock",
      `UPDATE orders SET rolled_back_at_ms = 9 WHERE order_id = '${fourth}'`,
      "UPDATE products SET available = available + 2 WHERE product_id = 'lamp'",
    );
    assert.deepEqual(await found(), [["goods", fourth]]);
  });

  test("names the order that holds a product that is not in the catalogue", async () => {
    await shop.run(
      "stock",
      `UPDATE orders SET lines = '[{"productId":"ghost","quantity":2}]' WHERE order_id = '${first}'`,
    );
    assert.deepEqual(await found(), [
      ["goods", third],
      ["goods", first],
      ["facts", first],
    ]);
  });
});

describe("a dead letter", () => {
  const letter = (state: string) => `INSERT INTO dead_letters
    (group_id, topic, partition, offset, incarnation, key, headers, timestamp_ms, reason, error, attempts, first_seen_at_ms, state)
    VALUES ('orderwright.view', 'order.created', 3, 17, 'x', CAST('${first}' AS BLOB), '[]', 1, 'no-json', 'Unexpected end', 1, 1, '${state}')`;
  beforeEach(placeOneOfEach);

  test("is named with its order while nobody has dealt with it", async () => {
    await shop.run("intake", letter("dead"));
    const { findings } = await shop.audit();
    assert.deepEqual(findings, [
      {
        rule: "dead-letter",
        orderId: first,
        what: "orderwright.view could not take order.created/3 at 17 (no-json)",
        says: ["intake   Unexpected end"],
      },
    ]);
  });

  test("is no finding any more once somebody has", async () => {
    await shop.run("intake", letter("replayed"));
    assert.deepEqual(await found(), []);
  });
});
