import type { EventType } from "#contracts/events.ts";
import type { Reason } from "#contracts/fields.ts";
import type { OrderGoods, OrderView } from "#contracts/http.ts";
import type { Service } from "#contracts/topics.ts";
import { money } from "./money.ts";

/**
 * What one service did with an order. `back`: it undoes what was done before. `refused`: from here on there is no way forward.
 */
export interface Step {
  readonly lane: Service;
  readonly kind: "forward" | "refused" | "asked" | "back";
  /** Undefined: intake is not told when. */
  readonly atMs: number | undefined;
  readonly title: string;
  readonly details: readonly string[];
  readonly sends: readonly { readonly message: EventType; readonly to: Service }[];
}

interface WaitsFor {
  readonly lane: Service;
  readonly text: string;
  /** When it is given up. */
  readonly untilMs?: number;
  /** A message of it is a dead letter. */
  readonly isSetAside?: boolean;
}

export interface OrderWay {
  readonly steps: readonly Step[];
  /** What it waits for now; undefined when it has ended. */
  readonly waitsFor: WaitsFor | undefined;
  /** All of it in a sentence or two. */
  readonly summary: string;
  /** From acceptance to end; undefined while there is none. */
  readonly tookMs: number | undefined;
}

const why: Readonly<Record<Reason, string>> = {
  "stock-short": "there is too little in stock",
  "unknown-product": "a product is not known to stock",
  "balance-short": "the customer's balance is too short",
  "unknown-customer": "payment does not know the customer",
  "currency-mismatch": "the currency is not the account's",
  "total-over-limit": "the total is over the shop's limit",
  customer: "the customer cancelled",
  deadline: "it was not paid in time",
  discarded: "an operator discarded a message of it",
};

export const whyText = (reason: Reason): string => why[reason];

/**
 * The way of an order through the services, from what intake has seen of it, and from what stock says of its goods: that is no
 * message, and so not seen. Pure.
 */
export function wayOf(order: OrderView, goods?: OrderGoods): OrderWay {
  const steps = withRequest(order, [...forward(order), ...sold(goods), ...ending(order, goods)]);
  const { timeline, status } = order;
  const endedAt = {
    received: undefined,
    created: undefined,
    paid: timeline.paidAt,
    rejected: timeline.rejectedAt,
    cancelled: timeline.cancelledAt,
  }[status];
  const waitsFor = waiting(order);
  const isOver = waitsFor === undefined && endedAt !== undefined;
  const tookMs = isOver ? Math.max(0, Date.parse(endedAt) - Date.parse(timeline.receivedAt)) : undefined;
  return { steps, waitsFor, summary: summaryOf(order), tookMs };
}

const ms = (moment: string | undefined) => (moment === undefined ? undefined : Date.parse(moment));

function forward({ timeline, status, totalMinor, currency, lines }: OrderView): Step[] {
  const pieces = lines.reduce((sum, line) => sum + line.quantity, 0);
  const steps: Step[] = [
    {
      lane: "intake",
      kind: "forward",
      atMs: ms(timeline.receivedAt),
      title: "Order accepted",
      details: [
        `${lines.length} ${lines.length === 1 ? "line" : "lines"}, ${pieces} ${pieces === 1 ? "piece" : "pieces"}`,
      ],
      sends: [{ message: "order.start", to: "stock" }],
    },
  ];
  // A cancelled order had its goods reserved, whether intake was told when or not.
  if (timeline.reservedAt !== undefined || status === "cancelled") {
    steps.push({
      lane: "stock",
      kind: "forward",
      atMs: ms(timeline.reservedAt),
      title: "Goods reserved",
      details: [],
      sends: [{ message: "stock.success", to: "order" }],
    });
  }
  if (timeline.createdAt !== undefined) {
    steps.push({
      lane: "order",
      kind: "forward",
      atMs: ms(timeline.createdAt),
      title: "Order created",
      details: totalMinor === undefined ? [] : [`Total ${money(totalMinor, currency)}`],
      sends: [{ message: "payment.request", to: "payment" }],
    });
  }
  if (timeline.paidAt !== undefined) {
    steps.push({
      lane: "payment",
      kind: "forward",
      atMs: ms(timeline.paidAt),
      title: "Account charged",
      details: totalMinor === undefined ? [] : [money(totalMinor, currency)],
      sends: [
        { message: "payment.success", to: "order" },
        { message: "payment.success", to: "stock" },
      ],
    });
  }
  return steps;
}

function sold(goods: OrderGoods | undefined): Step[] {
  const atMs = ms(goods?.soldAt);
  return atMs === undefined
    ? []
    : [{ lane: "stock", kind: "forward", atMs, title: "Goods sold", details: [], sends: [] }];
}

function ending(order: OrderView, goods: OrderGoods | undefined): Step[] {
  const { timeline, status, reason = "discarded", shortLines = [] } = order;
  if (status === "rejected") {
    const short = shortLines.map(({ productId, quantity, available }) => {
      return available === null ? `${productId}: not known` : `${productId}: ${quantity} wanted, ${available} there`;
    });
    const title = `Refused: ${why[reason]}`;
    const sends = [{ message: "stock.failed", to: "order" } as const];
    return [{ lane: "stock", kind: "refused", atMs: ms(timeline.rejectedAt), title, details: short, sends }];
  }
  if (status !== "cancelled") return [];
  const steps: Step[] = [];
  const wasCreated = timeline.createdAt !== undefined;
  if (wasCreated && (reason === "customer" || reason === "deadline")) {
    const atMs = reason === "deadline" ? ms(order.deadlineAt) : undefined;
    const title =
      reason === "deadline" ? "Deadline passed: must not be charged" : "Must not be charged, or is refunded";
    steps.push({
      lane: "order",
      kind: "back",
      atMs,
      title,
      details: [],
      sends: [{ message: "payment.void", to: "payment" }],
    });
  }
  return [...steps, ...cancelled(order, wasCreated ? "payment" : "order"), goodsBack(goods)];
}

/** Who owns the outcome publishes it: order until it has asked for the payment, from then on payment. */
function cancelled(order: OrderView, lane: Service): Step[] {
  const { timeline, reason = "discarded", refundedMinor = 0, currency } = order;
  const steps: Step[] = [];
  if (timeline.refundedAt !== undefined) {
    steps.push({
      lane: "payment",
      kind: "back",
      atMs: ms(timeline.refundedAt),
      title: "Charge refunded",
      details: [money(refundedMinor, currency)],
      sends: [{ message: "payment.refunded", to: "intake" }],
    });
  }
  const isWish = reason === "customer" || reason === "deadline";
  steps.push({
    lane,
    kind: isWish ? "back" : "refused",
    atMs: ms(timeline.cancelledAt),
    title: isWish ? `Cancelled: ${why[reason]}` : `Refused: ${why[reason]}`,
    details: [],
    sends: [
      ...(lane === "payment" ? [{ message: "order.cancel", to: "order" } as const] : []),
      { message: "stock.rollback", to: "stock" },
    ],
  });
  return steps;
}

/** Stock publishes nothing of it: its own row has the time. */
function goodsBack(goods: OrderGoods | undefined): Step {
  const atMs = ms(goods?.releasedAt);
  const details = atMs === undefined ? ["Stock has not said yet that it has"] : [];
  return { lane: "stock", kind: "back", atMs, title: "Goods given back", details, sends: [] };
}

/** The customer's wish to cancel comes at any moment: it is put in at its time. */
function withRequest({ timeline }: OrderView, steps: readonly Step[]): readonly Step[] {
  const atMs = ms(timeline.cancelRequestedAt);
  if (atMs === undefined) return steps;
  const after = steps.findIndex((step) => step.kind !== "forward" || (step.atMs !== undefined && step.atMs > atMs));
  const index = after < 0 ? steps.length : after;
  const request: Step = {
    lane: "intake",
    kind: "asked",
    atMs,
    title: "Customer asked to cancel",
    details: [],
    sends: [{ message: "order.cancel.request", to: "order" }],
  };
  return steps.toSpliced(index, 0, request);
}

const whyNotOn: Readonly<Record<NonNullable<OrderView["waitingFor"]>["why"], string>> = {
  unread: "which stands still with it unread",
  "dead-letter": "which has set it aside: an operator has to decide",
  unanswered: "which has read it and published nothing",
  "no-broker": "as far as can be known: the broker does not answer",
};

function waiting({ status, timeline, deadlineAt, waitingFor }: OrderView): OrderWay["waitsFor"] {
  if (status === "rejected" || status === "cancelled") return undefined;
  const untilMs = status === "created" ? ms(deadlineAt) : undefined;
  const until = untilMs === undefined ? {} : { untilMs };
  if (waitingFor !== undefined) {
    const { message, service, why: reason } = waitingFor;
    const text = `Does not go on: waits for ${message} at ${service}, ${whyNotOn[reason]}`;
    return { lane: service, text, isSetAside: reason === "dead-letter", ...until };
  }
  if (timeline.cancelRequestedAt !== undefined) {
    const lane = timeline.createdAt === undefined ? "order" : "payment";
    return { lane, text: `Waits for ${lane} to settle the customer's wish to cancel` };
  }
  if (status === "received")
    return { lane: "stock", text: "Waits for stock to reserve the goods and for the order to be created" };
  if (status === "paid") return undefined;
  return { lane: "payment", text: "Waits for payment to charge the account", ...until };
}

function summaryOf(order: OrderView): string {
  const { status, reason = "discarded", timeline, totalMinor, refundedMinor = 0, currency } = order;
  const total = totalMinor === undefined ? "" : ` ${money(totalMinor, currency)}`;
  const asked = timeline.cancelRequestedAt === undefined ? "" : " The customer asked to cancel; that is being settled.";
  const wish = order.waitingFor === undefined ? asked : `${asked} It does not go on just now.`;
  switch (status) {
    case "received":
      return `Accepted, and on its way.${wish}`;
    case "created":
      return `Goods are reserved and the order is created; the payment of${total} is under way.${wish}`;
    case "paid":
      return `Paid${total === "" ? "" : `,${total}`}. The goods are the customer's.${wish}`;
    case "rejected":
      return `Rejected: ${why[reason]}. Nothing was reserved and nothing charged.`;
    case "cancelled":
      return `Cancelled: ${why[reason]}. The goods went back to the shelf${refundedMinor > 0 ? ` and ${money(refundedMinor, currency)} to the customer` : ", and nothing was kept of the customer's money"}.`;
  }
}
