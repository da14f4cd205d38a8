import type { Service } from "#contracts/topics.ts";

/**
 * The tables of the design, as data: all that changes or publishes anything. The search compares them with every step
 * that the services take, both ways; documents are generated from or tested against them.
 */
export interface Rule {
  readonly service: Service;
  /** Type of the message; with its cause for a void, and `discard of` before that of a discarded dead letter. */
  readonly message: string;
  readonly from: readonly string[];
  /** `same`: the status stays, other columns change. */
  readonly to: string;
  readonly outbox: readonly string[];
  readonly when?: string;
}

const ending = ["order.cancel", "stock.rollback"];

function rule(service: Service) {
  return (message: string, from: string, to: string, outbox: readonly string[] = [], when?: string): Rule => ({
    service,
    message,
    from: from.split(", "),
    to,
    outbox,
    ...(when === undefined ? {} : { when }),
  });
}

const stock = rule("stock");
const order = rule("order");
const payment = rule("payment");
const view = rule("intake");

export const rules: readonly Rule[] = [
  stock("order.start", "none", "reserved", ["stock.success"], "all lines available"),
  stock("order.start", "none", "refused", ["stock.failed"], "a line short or its product unknown"),
  stock("payment.success", "reserved", "sold"),
  stock("stock.rollback", "reserved, sold", "released"),

  order("stock.success", "none", "created", ["order.created", "payment.request"]),
  order("stock.success", "none", "cancelled", ending, "currency not the account's, total over the limit or 2^53"),
  order("stock.success", "cancelling", "cancelled", ending),
  order("stock.failed", "none, cancelling", "rejected"),
  order("order.cancel.request", "none", "cancelling"),
  order("order.cancel.request", "created, paid", "same", ["payment.void/customer"], "not yet voided by the customer"),
  order("deadline.passed", "created", "same", ["payment.void/deadline"], "not yet voided by the deadline"),
  order("payment.success", "created", "paid"),
  order("order.cancel", "created, paid", "cancelled"),

  payment("payment.request", "none", "charged", ["payment.success"], "balance enough"),
  payment("payment.request", "none", "refused", ending, "balance short, customer unknown, other currency"),
  payment("payment.void/customer", "none", "fenced", ending),
  payment("payment.void/deadline", "none", "fenced", ending),
  payment("payment.void/customer", "charged", "refunded", ["payment.refunded", ...ending]),

  view("cancel", "received, created, paid", "same", ["order.cancel.request"], "not yet requested, window open"),
  view("order.created", "received", "created"),
  view("order.created", "paid, cancelled", "same"),
  view("payment.success", "received, created", "paid"),
  view("payment.success", "cancelled", "same"),
  view("stock.failed", "received", "rejected"),
  view("order.cancel", "received, created, paid", "cancelled"),
  view("payment.refunded", "received, created, paid, cancelled", "same"),
];

/** What the discard of a dead letter does: a step is refused, a verdict is applied from key and topic alone. */
export const discardRules: readonly Rule[] = [
  stock("discard of order.start", "none", "refused", ["stock.failed"]),
  stock("discard of payment.success", "reserved", "sold"),
  stock("discard of stock.rollback", "reserved, sold", "released"),

  order("discard of stock.success", "none, cancelling", "cancelled", ending),
  order("discard of stock.failed", "none, cancelling", "rejected"),
  order("discard of payment.success", "created", "paid"),
  order("discard of order.cancel", "created, paid", "cancelled"),

  payment("discard of payment.request", "none", "refused", ending),

  view("discard of order.created", "received", "created"),
  view("discard of order.created", "paid, cancelled", "same"),
  view("discard of payment.success", "received, created", "paid"),
  view("discard of payment.success", "cancelled", "same"),
  view("discard of stock.failed", "received", "rejected"),
  view("discard of order.cancel", "received, created, paid", "cancelled"),
  view("discard of payment.refunded", "received, created, paid, cancelled", "same"),
];

/** A good copy that comes after the discard of another tells the view what the discard could not know. Nobody needs it. */
export const afterDiscards: readonly Rule[] = [
  view("order.created", "created", "same"),
  view("stock.failed", "rejected", "same"),
  view("order.cancel", "cancelled", "same"),
];

/** A rule as lines of the form that `describeStep` gives, one for each status that it starts from. */
export function linesOf({ service, message, from, to, outbox }: Rule): string[] {
  const published = [...outbox].sort().join(", ") || "-";
  return from.map((status) => `${service}: ${message}, ${status} -> ${to === "same" ? status : to}: ${published}`);
}

/** Every status that a row can have, by service. */
export const statuses: Readonly<Record<Service, readonly string[]>> = {
  stock: ["none", "reserved", "refused", "sold", "released"],
  order: ["none", "cancelling", "created", "paid", "rejected", "cancelled"],
  payment: ["none", "charged", "refused", "fenced", "refunded"],
  intake: ["received", "created", "paid", "rejected", "cancelled"],
};
