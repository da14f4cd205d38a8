import type { EventType } from "#contracts/events.ts";
import type { AcceptedOrder } from "../intake/decide.ts";
import type { OrderContext } from "../order/decide.ts";
import type { Account } from "../payment/decide.ts";
import type { Service } from "#contracts/topics.ts";
import type { Product } from "../stock/decide.ts";

/** What a search starts from, and every end that its runs may come to. */
export interface Scenario {
  readonly name: string;
  readonly orders: readonly AcceptedOrder[];
  readonly products: Readonly<Record<string, Product>>;
  readonly accounts: Readonly<Record<string, Account>>;
  readonly context: Omit<OrderContext, "nowMs">;
  /** Whether intake's views are part of the state. Nobody decides by them, so two orders do without. */
  readonly views: boolean;
  /**
   * How many dead letters there may be at a time, each a message on its way to a reader, to be healed, replayed or
   * discarded at any moment. How many there are in a run has no bound.
   */
  readonly deadLetters: number;
  /** Whether such a message may also be a copy of one that was read, and so change nothing whatever becomes of it. */
  readonly deadCopies: boolean;
  /** Messages that the service which acts on them never gets: it cannot do them, and no operator has come yet. */
  readonly withheld?: readonly EventType[];
  /** A dead letter of the first order that nobody ever deals with: only the others must end. */
  readonly neverRead?: { readonly message: string; readonly reader: Service };
  /** The outcomes of the orders, one after the other: exactly these. Where messages are withheld, what stock, order and payment keep. */
  readonly ends: readonly string[];
}

const first = "019aa5f0-0000-7000-8000-000000000001";
const second = "019aa5f0-0000-7000-8000-000000000002";
const customerId = "ada";
const pen: Product = { productId: "pen", available: 2, priceMinor: 100 };
const ink: Product = { productId: "ink", available: 1, priceMinor: 250 };
const lines = [
  { productId: "pen", quantity: 2 },
  { productId: "ink", quantity: 1 },
];
const order: AcceptedOrder = { orderId: first, customerId, currency: "GBP", lines };
const rich: Account = { customerId, currency: "GBP", balanceMinor: 1_000 };
const context = { deadlineAfterMs: 0, accountCurrency: "GBP", totalLimitMinor: 10_000 };
const cancels = ["cancelled: customer", "cancelled: deadline"];

const one: Scenario = {
  name: "one order that can be paid",
  orders: [order],
  products: { pen, ink },
  accounts: { [customerId]: rich },
  context,
  views: true,
  deadLetters: 0,
  deadCopies: false,
  ends: [...cancels, "paid"],
};

/** One order, with each reason that it can fail for. */
export const oneOrder: readonly Scenario[] = [
  one,
  {
    ...one,
    name: "one order whose deadline is far",
    context: { ...context, deadlineAfterMs: 1 },
    ends: ["cancelled: customer", "paid"],
  },
  {
    ...one,
    name: "one order, all that is left of the balance",
    accounts: { [customerId]: { ...rich, balanceMinor: 450 } },
  },
  {
    ...one,
    name: "one order, a line short",
    products: { pen: { ...pen, available: 1 }, ink },
    ends: ["rejected: stock-short"],
  },
  { ...one, name: "one order, a product unknown", products: { pen }, ends: ["rejected: unknown-product"] },
  {
    ...one,
    name: "one order, balance short",
    accounts: { [customerId]: { ...rich, balanceMinor: 449 } },
    ends: ["cancelled: balance-short", ...cancels],
  },
  { ...one, name: "one order, customer unknown", accounts: {}, ends: [...cancels, "cancelled: unknown-customer"] },
  {
    ...one,
    name: "one order, an account in another currency",
    accounts: { [customerId]: { ...rich, currency: "EUR" } },
    ends: ["cancelled: currency-mismatch", ...cancels],
  },
  {
    ...one,
    name: "one order, in another currency than the shop's",
    context: { ...context, accountCurrency: "EUR" },
    ends: ["cancelled: currency-mismatch", "cancelled: customer"],
  },
  {
    ...one,
    name: "one order, exactly the shop's limit",
    context: { ...context, totalLimitMinor: 450 },
  },
  {
    ...one,
    name: "one order, over the shop's limit",
    context: { ...context, totalLimitMinor: 449 },
    ends: ["cancelled: customer", "cancelled: total-over-limit"],
  },
];

/** Every outcome of one order beside every outcome of another. */
function pairs(outcomes: readonly string[], but: readonly string[] = []): string[] {
  const all = outcomes.flatMap((a) => outcomes.map((b) => `${a} | ${b}`));
  return all.filter((pair) => !but.includes(pair)).sort();
}

const two: Scenario = {
  ...one,
  name: "two orders, goods and money for both",
  orders: [
    { ...order, lines: [{ productId: "pen", quantity: 1 }] },
    { ...order, orderId: second, lines: [{ productId: "pen", quantity: 1 }] },
  ],
  products: { pen },
  views: false,
  ends: pairs([...cancels, "paid"]),
};

const gone = "rejected: stock-short";
const short = "cancelled: balance-short";

/** Two orders that contend for one product and one balance. */
export const twoOrders: readonly Scenario[] = [
  two,
  {
    ...two,
    name: "two orders, money for one",
    accounts: { [customerId]: { ...rich, balanceMinor: 100 } },
    // Who is refused saw the other charged, and a charge is never undone by a deadline.
    ends: pairs([...cancels, "paid", short], [`${short} | ${short}`, "paid | paid"]).filter(
      (ends) => !(ends.includes(short) && ends.includes("deadline")),
    ),
  },
  {
    ...two,
    name: "two orders, goods for one",
    products: { pen: { ...pen, available: 1 } },
    ends: pairs([...cancels, "paid", gone], [`${gone} | ${gone}`, "paid | paid"]),
  },
  {
    ...two,
    name: "two orders, goods and money for one",
    products: { pen: { ...pen, available: 1 } },
    accounts: { [customerId]: { ...rich, balanceMinor: 100 } },
    // Who has the goods has the money: it was given back before they were.
    ends: pairs([...cancels, "paid", gone], [`${gone} | ${gone}`, "paid | paid"]),
  },
];

/**
 * Dead letters: each message may be one, at each of its readers, any number of them at a time, each healed, replayed or
 * discarded at any moment. Reasons may then be unknown to some.
 */
export const deadLetters: readonly Scenario[] = [
  {
    ...one,
    name: "one order, dead letters",
    deadLetters: Infinity,
    ends: [...one.ends, "cancelled", "rejected"],
  },
  {
    ...one,
    name: "one order, balance short, dead letters",
    accounts: { [customerId]: { ...rich, balanceMinor: 449 } },
    deadLetters: Infinity,
    ends: [short, ...cancels, "cancelled", "rejected"],
  },
  {
    ...one,
    name: "one order, a line short, dead letters",
    products: { pen: { ...pen, available: 1 }, ink },
    deadLetters: Infinity,
    ends: [gone, "rejected"],
  },
];

const unexplained = ["cancelled", "rejected"];

/** The same for two orders that contend for one product and one balance; each letter may be of either. */
export const twoOrdersWithDeadLetters: readonly Scenario[] = twoOrders.map((scenario) => ({
  ...scenario,
  name: `${scenario.name}, dead letters`,
  deadLetters: Infinity,
  ends: [...scenario.ends, ...endsByDiscards(scenario)],
}));

function endsByDiscards(scenario: Scenario): string[] {
  const alone = [...new Set(scenario.ends.flatMap((ends) => ends.split(" | ")))];
  // Who is refused saw the other hold the goods, or charged: that one was not rejected.
  const refused = alone.filter((end) => end === gone || end === short);
  const known = pairs(alone);
  return pairs([...alone, ...unexplained], [...known, ...pairs([...refused, "rejected"], ["rejected | rejected"])]);
}

/** Seconds to a minute each: also copies of messages that were read may die. Two letters at a time. */
export const deadCopies: readonly Scenario[] = [...deadLetters, ...twoOrdersWithDeadLetters].map((scenario) => ({
  ...scenario,
  name: `${scenario.name} and dead copies`,
  deadLetters: 2,
  deadCopies: true,
}));

/** Whatever message of an order is never dealt with, another order ends as if it were alone. */
export const neverRead: readonly Scenario[] = (
  [
    ["order.start", "stock"],
    ["payment.success", "stock"],
    ["stock.rollback", "stock"],
    ["stock.success", "order"],
    ["order.cancel.request", "order"],
    ["payment.success", "order"],
    ["order.cancel", "order"],
    ["payment.request", "payment"],
    ["payment.void/customer", "payment"],
    ["payment.void/deadline", "payment"],
  ] as const
).map(([message, reader]) => ({
  ...two,
  name: `two orders, ${message} of one never read by ${reader}`,
  neverRead: { message, reader },
  ends: [...cancels, "paid"],
}));

/**
 * A compensation that is not done: nothing else of the order changes by that, and nothing of another one. To do it later is
 * to deliver it late, which the scenarios above do at every moment, with every end agreed.
 */
export const undoneCompensations: readonly Scenario[] = [
  {
    ...one,
    name: "one order, payment never voids",
    withheld: ["payment.void"],
    // As if nobody had asked payment: only what the order service ends by itself is cancelled.
    ends: ["released cancelled none", "sold paid charged"],
  },
  {
    ...one,
    name: "one order, stock never releases",
    withheld: ["stock.rollback"],
    ends: ["reserved cancelled fenced", "reserved cancelled none", "sold cancelled refunded", "sold paid charged"],
  },
  {
    ...one,
    name: "one order, the order service never hears of the cancel",
    withheld: ["order.cancel"],
    ends: ["released cancelled none", "released created fenced", "released paid refunded", "sold paid charged"],
  },
  {
    ...one,
    name: "one order, the customer's request never arrives",
    withheld: ["order.cancel.request"],
    ends: ["released cancelled fenced", "sold paid charged"],
  },
  {
    ...two,
    name: "two orders, payment never voids",
    withheld: ["payment.void"],
    ends: pairs(["released cancelled none", "sold paid charged"]),
  },
];
