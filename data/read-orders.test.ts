import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readOrders } from "./read-orders.ts";

const header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
const at = "2010-12-01 08:26:00";
const read = (...lines: string[]) => readOrders([header, ...lines].join("\n"));

describe("an invoice", () => {
  test("is an order with its lines as they stand, two of one product included", () => {
    const day = read(
      `536365,85123A,WHITE HEART,6,${at},2.55,17850.0,United Kingdom`,
      `536365,71053,"LANTERN, METAL",1,${at},3.39,17850.0,United Kingdom`,
      `536365,85123a,WHITE HEART,2,${at},2.55,17850.0,United Kingdom`,
    );
    assert.deepEqual(day.orders, [
      {
        invoice: "536365",
        customerId: "17850",
        country: "United Kingdom",
        placedAt: "2010-12-01T08:26:00Z",
        lines: [
          { productId: "85123A", quantity: 6 },
          { productId: "71053", quantity: 1 },
          { productId: "85123A", quantity: 2 },
        ],
        currency: "GBP",
      },
    ]);
    assert.deepEqual(day.products, [
      { productId: "85123A", description: "WHITE HEART", priceMinor: 255 },
      { productId: "71053", description: "LANTERN, METAL", priceMinor: 339 },
    ]);
  });

  test("without a customer is a guest's, who is nobody else", () => {
    const day = read(`1,71053,A,1,${at},1.0,,EIRE`, `2,71053,A,1,${at},1.0,,EIRE`);
    assert.deepEqual(
      day.orders.map((order) => order.customerId),
      ["guest-1", "guest-2"],
    );
  });

  test("of which no line is left is counted, and no order", () => {
    const day = read(
      `C1,71053,A,-1,${at},1.0,1.0,EIRE`,
      `2,71053,A,-1,${at},1.0,1.0,EIRE`,
      `3,71053,A,1,${at},1.0,1.0,EIRE`,
    );
    assert.deepEqual(
      day.orders.map((order) => order.invoice),
      ["3"],
    );
    assert.equal(day.leftOut.invoices, 2);
  });
});

describe("a line", () => {
  const cases: readonly [string, string, string][] = [
    ["of a cancellation, whatever else it is", "C1,POST,A,-1", "cancellation"],
    ["of postage", "1,POST,A,1", "no-product"],
    ["of bank charges", "1,BANK CHARGES,A,1", "no-product"],
    ["of a gift voucher", "1,gift_0001_20,A,1", "no-product"],
    ["of goods written off", "1,71053,damaged,-3", "no-quantity"],
    ["of nothing", "1,71053,A,0", "no-quantity"],
  ];
  for (const [what, start, reason] of cases) {
    test(`${what} is left out as ${reason}`, () => {
      const day = read(`${start},${at},1.0,1.0,EIRE`);
      assert.deepEqual(day.orders, []);
      const none = { cancellation: 0, "no-product": 0, "no-quantity": 0, "no-price": 0 };
      assert.deepEqual(day.leftOut.lines, { ...none, [reason]: 1 });
    });
  }

  test("that costs nothing or less is left out as no-price", () => {
    const day = read(`1,71053,A,1,${at},0.0,1.0,EIRE`, `2,71053,A,1,${at},-1.5,1.0,EIRE`);
    assert.equal(day.leftOut.lines["no-price"], 2);
  });
});

describe("a price", () => {
  const priceOf = (text: string) => read(`1,71053,A,1,${at},${text},1.0,EIRE`).products[0]?.priceMinor;

  test("is exact in pence where floating point is not", () => {
    // 2.55, 4.35, 8.2, 1.1 and 0.29 times 100 are all off in floating point.
    assert.deepEqual(
      ["2.55", "4.35", "8.2", "1.1", "0.29", "607.49", "12"].map(priceOf),
      [255, 435, 820, 110, 29, 60749, 1200],
    );
  });

  test("with more digits is read when they are zeros, and refused otherwise", () => {
    assert.equal(priceOf("1.2500"), 125);
    assert.throws(() => priceOf("1.255"), /line 2: price 1.255 is not in whole pence/);
  });

  test("of a product that was sold at several is the one on most lines, of two the lower", () => {
    const sold = (...prices: string[]) =>
      read(...prices.map((price) => `1,71053,A,1,${at},${price},1.0,EIRE`)).products[0]?.priceMinor;
    assert.equal(sold("5.0", "1.0", "5.0"), 500);
    assert.equal(sold("5.0", "1.0"), 100);
  });
});

describe("a file that is not of this form", () => {
  const cases: readonly [string, string, RegExp][] = [
    ["a line too short", "1,71053,A,1", /line 2: 4 fields, not 8/],
    ["a quantity that is no whole number", `1,71053,A,1.5,${at},1.0,1.0,EIRE`, /line 2: quantity 1.5/],
    ["a date of another form", "1,71053,A,1,01/12/2010,1.0,1.0,EIRE", /line 2: date/],
    ["a price that is no number", `1,71053,A,1,${at},free,1.0,EIRE`, /line 2: price free/],
  ];
  for (const [what, line, message] of cases) {
    test(`is refused for ${what}, with the line`, () => assert.throws(() => read(line), message));
  }
  test("is refused for other columns", () =>
    assert.throws(() => readOrders("a,b\n1,2"), /line 1: the columns must be/));
});
