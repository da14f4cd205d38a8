import type { Line, Reason } from "#contracts/fields.ts";
import type { ShopDay, ShopOrder } from "./read-orders.ts";

/** What the shop sets up before a day's orders: bodies of the requests that it sends to stock and payment. */
export interface Opening {
  readonly prices: readonly { readonly productId: string; readonly priceMinor: number }[];
  readonly restock: readonly Line[];
  readonly topUps: readonly { readonly customerId: string; readonly amountMinor: number }[];
}

/** How an order must end. */
export type ExpectedOutcome =
  { readonly status: "paid" } | { readonly status: "rejected" | "cancelled"; readonly reason: Reason };

/**
 * The rules by which some orders fail. None depends on another order or on the day, so each order ends the same way in
 * every run, whatever is processed first and however many days were before: there is enough of everything else for all.
 */
const rules = {
  /** Sold by nobody any more, though customers still ask: not in the price list. */
  unlisted: new Set(["84997B", "20723"]),
  /** In the price list, and never on the shelf. */
  soldOut: new Set(["21259", "85014B"]),
  /** Customers who have a penny a day: less than the cheapest order after all the days. */
  isPoor: (customerId: string) => /^\d+$/.test(customerId) && Number(customerId) % 20 === 7,
};

/** The most that one order may cost in this shop, in pence: the order service's limit. */
export const totalLimitMinor = 150_000;

/** Stock and money for a day's orders, on top of what earlier days left. */
export function openShop(day: ShopDay): Opening {
  const listed = day.products.filter(({ productId }) => !rules.unlisted.has(productId));
  const wanted = sums(day.orders.flatMap(({ lines }) => lines.map((line) => [line.productId, line.quantity] as const)));
  const prices = pricesOf(day);
  const owed = sums(day.orders.map((order) => [order.customerId, totalMinor(order, prices)] as const));
  return {
    prices: listed.map(({ productId, priceMinor }) => ({ productId, priceMinor })),
    restock: listed
      .filter(({ productId }) => !rules.soldOut.has(productId))
      .map(({ productId }) => ({ productId, quantity: wanted.get(productId) ?? 0 })),
    topUps: [...owed].map(([customerId, amountMinor]) => {
      return { customerId, amountMinor: rules.isPoor(customerId) ? 1 : amountMinor };
    }),
  };
}

/** How each order of a day must end, by invoice, when the shop was opened for it and nobody cancels. */
export function expectedOutcomes(day: ShopDay): ReadonlyMap<string, ExpectedOutcome> {
  const prices = pricesOf(day);
  return new Map(day.orders.map((order) => [order.invoice, expectedOutcome(order, prices)]));
}

/** In the order of the saga: stock decides first, then the order service, then payment. */
function expectedOutcome(order: ShopOrder, prices: ReadonlyMap<string, number>): ExpectedOutcome {
  const asksFor = (products: ReadonlySet<string>) => order.lines.some(({ productId }) => products.has(productId));
  if (asksFor(rules.unlisted)) return { status: "rejected", reason: "unknown-product" };
  if (asksFor(rules.soldOut)) return { status: "rejected", reason: "stock-short" };
  if (totalMinor(order, prices) > totalLimitMinor) return { status: "cancelled", reason: "total-over-limit" };
  if (rules.isPoor(order.customerId)) return { status: "cancelled", reason: "balance-short" };
  return { status: "paid" };
}

const pricesOf = (day: ShopDay) => new Map(day.products.map(({ productId, priceMinor }) => [productId, priceMinor]));

/** What an order costs if all its products are listed, in pence. */
function totalMinor(order: ShopOrder, prices: ReadonlyMap<string, number>): number {
  return order.lines.reduce((sum, { productId, quantity }) => sum + quantity * (prices.get(productId) ?? 0), 0);
}

function sums(entries: readonly (readonly [string, number])[]): Map<string, number> {
  const total = new Map<string, number>();
  for (const [key, amount] of entries) total.set(key, (total.get(key) ?? 0) + amount);
  return total;
}
