import { readFileSync } from "node:fs";
import type { OrderRequest } from "#contracts/http.ts";
import { days } from "#data/days.ts";
import { readOrders } from "#data/read-orders.ts";
import { type ExpectedOutcome, expectedOutcomes, openShop } from "#data/shop.ts";

/** Orders to post in turn, and the shop that they are posted to: goods and money for far more of them than a run can take. */
export interface Workload {
  readonly orders: readonly { readonly request: OrderRequest; readonly expected: ExpectedOutcome }[];
  readonly prices: readonly { readonly productId: string; readonly priceMinor: number }[];
  /** Products that come in, 1,000,000 pieces a time. */
  readonly stocked: readonly string[];
  readonly topUps: readonly { readonly customerId: string; readonly amountMinor: number }[];
}

export const workloadNames = ["one-line", "hot", "baskets"] as const;
export type WorkloadName = (typeof workloadNames)[number];

export const sizes = { products: 1_000, customers: 1_000, priceMinor: 250 } as const;
export const productName = (number: number) => `p-${String(number).padStart(4, "0")}`;
export const customerName = (number: number) => `c-${String(number).padStart(4, "0")}`;

const plentyMinor = 1_000_000_000_000;

export function createWorkload(name: WorkloadName): Workload {
  if (name === "baskets") return baskets();
  return oneLine(name === "hot" ? () => productName(0) : (number) => productName((number * 13) % sizes.products));
}

/** One line of one piece, each order paid. */
function oneLine(productOf: (number: number) => string): Workload {
  const orders = Array.from({ length: 5_000 }, (_, number) => ({
    request: {
      customerId: customerName((number * 7) % sizes.customers),
      currency: "GBP",
      lines: [{ productId: productOf(number), quantity: 1 }],
    },
    expected: { status: "paid" } as const,
  }));
  const stocked = [...new Set(orders.flatMap(({ request }) => request.lines.map(({ productId }) => productId)))];
  return {
    orders,
    prices: stocked.map((productId) => ({ productId, priceMinor: sizes.priceMinor })),
    stocked,
    topUps: Array.from({ length: sizes.customers }, (_, number) => {
      return { customerId: customerName(number), amountMinor: plentyMinor };
    }),
  };
}

/** A day of real orders again and again, with the shop's own rules for those that fail. */
function baskets(): Workload {
  const day = readOrders(readFileSync(days[0] ?? "", "utf8"));
  const opening = openShop(day);
  const outcomes = expectedOutcomes(day);
  return {
    orders: day.orders.map(({ invoice, customerId, currency, lines }) => {
      const expected = outcomes.get(invoice);
      if (expected === undefined) throw new Error(`nothing is expected of ${invoice}`);
      return { request: { customerId, currency, lines: [...lines] }, expected };
    }),
    prices: opening.prices,
    stocked: opening.restock.map(({ productId }) => productId),
    // A penny is the balance of those who are to fail.
    topUps: opening.topUps.map(({ customerId, amountMinor }) => {
      return { customerId, amountMinor: amountMinor === 1 ? 1 : plentyMinor };
    }),
  };
}
