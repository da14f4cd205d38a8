import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, test } from "node:test";
import { orderRequest, priceRequest, restockRequest, topUpRequest } from "#contracts/http.ts";
import { days } from "./days.ts";
import { leftOutReasons, readOrders, type ShopDay, type ShopOrder } from "./read-orders.ts";
import { expectedOutcomes, openShop, totalLimitMinor, type ExpectedOutcome } from "./shop.ts";

const shopDays = days.map((path) => ({ name: basename(path, ".csv"), day: readOrders(readFileSync(path, "utf8")) }));
const readme = readFileSync(new URL("./README.md", import.meta.url), "utf8");

/** Rows of the README that start with this day, as their cells. */
const readmeRows = (name: string) =>
  readme
    .split("\n")
    .filter((line) => line.startsWith(`| ${name}`))
    .map((line) => line.split("|").slice(2, -1).map(Number));

const word = (outcome: ExpectedOutcome) => (outcome.status === "paid" ? "paid" : outcome.reason);
const outcomeWords = ["paid", "unknown-product", "stock-short", "total-over-limit", "balance-short"];

for (const { name, day } of shopDays) {
  describe(`the orders of ${name}`, () => {
    test("are as the README counts them, and so is what was left out", () => {
      const repeated = (order: ShopOrder) =>
        order.lines.length - new Set(order.lines.map((line) => line.productId)).size;
      const guests = day.orders.filter((order) => order.customerId.startsWith("guest-"));
      const counted = [
        day.orders.length,
        guests.length,
        sum(day.orders.map((order) => order.lines.length)),
        sum(day.orders.map(repeated)),
        ...leftOutReasons.map((reason) => day.leftOut.lines[reason]),
        day.leftOut.invoices,
      ];
      const outcomes = [...expectedOutcomes(day).values()].map(word);
      const ends = outcomeWords.map((reason) => outcomes.filter((outcome) => outcome === reason).length);
      assert.deepEqual(readmeRows(name), [counted, ends]);
    });

    test("fail for each reason, and most settle", () => {
      const outcomes = [...expectedOutcomes(day).values()].map(word);
      assert.deepEqual(new Set(outcomes), new Set(outcomeWords));
      assert(outcomes.filter((outcome) => outcome === "paid").length > day.orders.length * 0.75);
    });

    test("leave no line of the file uncounted", () => {
      const lines =
        readFileSync(days.find((path) => path.includes(name)) ?? "", "utf8")
          .trimEnd()
          .split("\n").length - 1;
      const left = sum(Object.values(day.leftOut.lines));
      assert.equal(sum(day.orders.map((order) => order.lines.length)) + left, lines);
    });

    test("are requests that intake, stock and payment take", () => {
      for (const { customerId, currency, lines } of day.orders) orderRequest.parse({ customerId, currency, lines });
      const { prices, restock, topUps } = openShop(day);
      for (const part of parts(prices)) priceRequest.parse({ prices: part });
      for (const part of parts(restock)) restockRequest.parse({ items: part });
      for (const part of parts(topUps)) topUpRequest.parse({ currency: "GBP", topUps: part });
    });
  });
}

describe("the five days one after another", () => {
  test("end as expected, order by order, in whatever order they are processed", () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const draw = randomOf(seed);
      const shop = emptyShop();
      for (const { day } of shuffle(shopDays, draw)) {
        shop.open(day);
        const ends = new Map(shuffle(day.orders, draw).map((order) => [order.invoice, shop.settle(order)]));
        for (const [invoice, expected] of expectedOutcomes(day)) {
          assert.equal(ends.get(invoice), word(expected), `seed ${seed}, invoice ${invoice}`);
        }
      }
    }
  });
});

/** The shop as it should be, one order after another: what the services do together. */
function emptyShop() {
  const prices = new Map<string, number>();
  const shelf = new Map<string, number>();
  const balances = new Map<string, number>();
  const add = (to: Map<string, number>, key: string, amount: number) => to.set(key, (to.get(key) ?? 0) + amount);

  return {
    open(day: ShopDay): void {
      const { prices: listed, restock, topUps } = openShop(day);
      for (const { productId, priceMinor } of listed) prices.set(productId, priceMinor);
      for (const { productId, quantity } of restock) add(shelf, productId, quantity);
      for (const { customerId, amountMinor } of topUps) add(balances, customerId, amountMinor);
    },
    settle({ customerId, lines }: ShopOrder): string {
      const wanted = new Map<string, number>();
      for (const { productId, quantity } of lines) add(wanted, productId, quantity);
      if ([...wanted.keys()].some((productId) => !prices.has(productId))) return "unknown-product";
      if ([...wanted].some(([productId, quantity]) => (shelf.get(productId) ?? 0) < quantity)) return "stock-short";
      const total = sum([...wanted].map(([productId, quantity]) => quantity * (prices.get(productId) ?? 0)));
      if (total > totalLimitMinor) return "total-over-limit";
      if ((balances.get(customerId) ?? 0) < total) return "balance-short";
      for (const [productId, quantity] of wanted) add(shelf, productId, -quantity);
      add(balances, customerId, -total);
      return "paid";
    },
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

function parts<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / 1000) }, (_, index) =>
    items.slice(index * 1000, index * 1000 + 1000),
  );
}

function randomOf(seed: number): (below: number) => number {
  let state = seed * 7919;
  return (below) => (state = (state * 48_271) % 2_147_483_647) % below;
}

function shuffle<T>(items: readonly T[], draw: (below: number) => number): T[] {
  const rest = [...items];
  return items.flatMap(() => rest.splice(draw(rest.length), 1));
}
