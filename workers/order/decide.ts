import type { OrderEvent } from "#contracts/events.ts";
import type { Reason } from "#contracts/fields.ts";
import type { Message } from "../message.ts";

/** What the order service keeps of an order. Each change happens once, so a moment a change is its whole history. */
export interface Order {
  readonly orderId: string;
  /** `cancelling`: the customer cancelled before stock answered; it waits for stock's verdict. */
  readonly status: "cancelling" | "created" | "paid" | "rejected" | "cancelled";
  /** Why it was rejected or cancelled. */
  readonly reason: Reason | null;
  /** Null until stock's answer is read; then as far as it said. */
  readonly customerId: string | null;
  readonly currency: string | null;
  readonly totalMinor: number | null;
  readonly createdAtMs: number | null;
  readonly deadlineAtMs: number | null;
  /** When the customer's request was taken; on a created or paid order that is when payment was told to void. */
  readonly cancelRequestedAtMs: number | null;
  /** When payment was told to void because the deadline had passed. */
  readonly expiredAtMs: number | null;
  readonly paidAtMs: number | null;
  readonly rejectedAtMs: number | null;
  readonly cancelledAtMs: number | null;
}

/** The order's own clock speaks: not a message, but decided like one. */
export interface DeadlinePassed {
  readonly type: "deadline.passed";
  readonly orderId: string;
}

/** A cancel request cannot be discarded: the customer was told that it is on its way. */
export type OrderMessage =
  | Message<"stock.success" | "stock.failed" | "payment.success" | "order.cancel">
  | OrderEvent<"order.cancel.request">
  | DeadlinePassed;

export interface OrderContext {
  readonly nowMs: number;
  /** How long a created order may wait for its payment. */
  readonly deadlineAfterMs: number;
  /** The one currency that the shop's accounts are in. */
  readonly accountCurrency: string;
  /** The most that one order may cost. */
  readonly totalLimitMinor: number;
}

export interface OrderDecision {
  readonly order: Order | undefined;
  readonly outbox: readonly OrderEvent<
    "order.created" | "payment.request" | "payment.void" | "order.cancel" | "stock.rollback"
  >[];
  /** For counting. `alarm` must never happen; `ignored` was overtaken by something that its rule yields to. */
  readonly outcome:
    "created" | "cancelling" | "voided" | "paid" | "rejected" | "cancelled" | "duplicate" | "ignored" | "alarm";
}

/**
 * The order service owns the outcome until it has put payment.request into its outbox; from then on payment does. So one
 * service only ever publishes order.cancel and stock.rollback for an order. What no rule lists changes nothing.
 */
export function decide(order: Order | undefined, message: OrderMessage, context: OrderContext): OrderDecision {
  switch (message.type) {
    case "stock.success":
      return takeReservation(order, message, context);
    case "stock.failed":
      return reject(order, message, context);
    case "order.cancel.request":
      return takeCancelRequest(order, message, context);
    case "deadline.passed":
      return expire(order, context);
    case "payment.success":
      return pay(order, context);
    case "order.cancel":
      return cancel(order, message, context);
  }
}

function takeReservation(
  order: Order | undefined,
  message: Message<"stock.success">,
  context: OrderContext,
): OrderDecision {
  const { orderId, data } = message;
  if (order !== undefined && order.status !== "cancelling") {
    return unchanged(order, order.status === "rejected" ? "ignored" : "duplicate");
  }
  const { customerId, currency, totalMinor } = data ?? { customerId: null, currency: null, totalMinor: null };
  const known = { ...(order ?? blankOrder(orderId)), customerId, currency, totalMinor };
  // Payment was not asked yet: cancelling is still this service's to do.
  if (order !== undefined) return giveUp(known, "customer", context);
  if (data === null) return giveUp(known, "discarded", context);
  if (data.currency !== context.accountCurrency) return giveUp(known, "currency-mismatch", context);
  if (data.totalMinor === null || data.totalMinor > context.totalLimitMinor) {
    return giveUp(known, "total-over-limit", context);
  }
  const atMs = context.nowMs;
  const deadlineAtMs = atMs + context.deadlineAfterMs;
  const created = { currency: data.currency, totalMinor: data.totalMinor, reservedAtMs: message.atMs, deadlineAtMs };
  const request = { customerId: data.customerId, currency: data.currency, amountMinor: data.totalMinor };
  return {
    order: { ...known, status: "created", createdAtMs: atMs, deadlineAtMs },
    outbox: [
      { type: "order.created", orderId, atMs, data: created },
      { type: "payment.request", orderId, atMs, data: request },
    ],
    outcome: "created",
  };
}

/** Ends an order that payment never heard of. */
function giveUp(order: Omit<Order, "status">, reason: Reason, context: OrderContext): OrderDecision {
  const { orderId } = order;
  const atMs = context.nowMs;
  return {
    order: { ...order, status: "cancelled", reason, cancelledAtMs: atMs },
    outbox: [
      { type: "order.cancel", orderId, atMs, data: { reason, refundedMinor: 0 } },
      { type: "stock.rollback", orderId, atMs, data: { reason } },
    ],
    outcome: "cancelled",
  };
}

function reject(order: Order | undefined, message: Message<"stock.failed">, context: OrderContext): OrderDecision {
  if (order !== undefined && order.status !== "cancelling") {
    return unchanged(order, order.status === "rejected" ? "duplicate" : "ignored");
  }
  const reason = message.data?.reason ?? "discarded";
  const rejected = { ...(order ?? blankOrder(message.orderId)), status: "rejected", reason } as const;
  return { order: { ...rejected, rejectedAtMs: context.nowMs }, outbox: [], outcome: "rejected" };
}

function takeCancelRequest(
  order: Order | undefined,
  message: OrderEvent<"order.cancel.request">,
  context: OrderContext,
): OrderDecision {
  const { orderId } = message;
  const cancelRequestedAtMs = context.nowMs;
  if (order === undefined) {
    return {
      order: { ...blankOrder(orderId), status: "cancelling", cancelRequestedAtMs },
      outbox: [],
      outcome: "cancelling",
    };
  }
  if (order.cancelRequestedAtMs !== null) return unchanged(order, "duplicate");
  if (order.status !== "created" && order.status !== "paid") return unchanged(order, "ignored");
  return {
    order: { ...order, cancelRequestedAtMs },
    outbox: [{ type: "payment.void", orderId, atMs: context.nowMs, data: { cause: "customer" } }],
    outcome: "voided",
  };
}

function expire(order: Order | undefined, context: OrderContext): OrderDecision {
  if (order?.status !== "created" || order.expiredAtMs !== null) return unchanged(order, "ignored");
  if (order.deadlineAtMs === null || context.nowMs < order.deadlineAtMs) return unchanged(order, "ignored");
  const { orderId } = order;
  return {
    order: { ...order, expiredAtMs: context.nowMs },
    outbox: [{ type: "payment.void", orderId, atMs: context.nowMs, data: { cause: "deadline" } }],
    outcome: "voided",
  };
}

function pay(order: Order | undefined, context: OrderContext): OrderDecision {
  if (order?.status !== "created") return unchanged(order, order?.paidAtMs != null ? "duplicate" : "ignored");
  return { order: { ...order, status: "paid", paidAtMs: context.nowMs }, outbox: [], outcome: "paid" };
}

function cancel(order: Order | undefined, message: Message<"order.cancel">, context: OrderContext): OrderDecision {
  // Must not happen: payment cancels only what this service asked it to charge or to void.
  if (order === undefined) return unchanged(order, "alarm");
  // The service's own order.cancel comes back to it as a duplicate.
  if (order.status === "cancelled") return unchanged(order, "duplicate");
  if (order.status !== "created" && order.status !== "paid") return unchanged(order, "ignored");
  const reason = message.data?.reason ?? "discarded";
  const cancelled = { ...order, status: "cancelled", reason, cancelledAtMs: context.nowMs } as const;
  return { order: cancelled, outbox: [], outcome: "cancelled" };
}

function unchanged(order: Order | undefined, outcome: "duplicate" | "ignored" | "alarm"): OrderDecision {
  return { order, outbox: [], outcome };
}

/** A row of which nothing is known. */
export function blankOrder(orderId: string): Omit<Order, "status"> {
  return {
    orderId,
    reason: null,
    customerId: null,
    currency: null,
    totalMinor: null,
    createdAtMs: null,
    deadlineAtMs: null,
    cancelRequestedAtMs: null,
    expiredAtMs: null,
    paidAtMs: null,
    rejectedAtMs: null,
    cancelledAtMs: null,
  };
}
