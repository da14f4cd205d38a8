import type { OrderEvent } from "#contracts/events.ts";
import type { Reason } from "#contracts/fields.ts";
import type { Message } from "../message.ts";

export interface Account {
  readonly customerId: string;
  readonly currency: string;
  /** Money that the customer may still spend. Never negative. */
  readonly balanceMinor: number;
}

/** What payment keeps of an order. Each change happens once, so a moment a change is its whole history. */
export interface Payment {
  readonly orderId: string;
  /** `fenced`: voided before it was charged; a payment.request that comes later finds the fence. */
  readonly status: "charged" | "refused" | "fenced" | "refunded";
  /** Why it was refused, fenced or refunded. */
  readonly reason: Reason | null;
  /** Null where the request that names them was not read. */
  readonly customerId: string | null;
  readonly currency: string | null;
  readonly amountMinor: number | null;
  readonly chargedAtMs: number | null;
  readonly refusedAtMs: number | null;
  readonly fencedAtMs: number | null;
  readonly refundedAtMs: number | null;
}

/** A double entry of the ledger: the amount leaves `debit` and reaches `credit`. One of each kind an order. */
export interface Transfer {
  /** Derived from the order, never drawn: a decision made again names the same transfer. */
  readonly transferId: string;
  readonly orderId: string;
  readonly debit: string;
  readonly credit: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly atMs: number;
}

export interface PaymentState {
  readonly payment: Payment | undefined;
  /** The account of the customer whom the message or else the payment's row names; undefined when there is none. */
  readonly account: Account | undefined;
}

export interface PaymentDecision {
  readonly payment: Payment | undefined;
  /** As it is now; a batch decides the next message of the same customer on it. */
  readonly account: Account | undefined;
  readonly transfers: readonly Transfer[];
  readonly outbox: readonly OrderEvent<"payment.success" | "payment.refunded" | "order.cancel" | "stock.rollback">[];
  /** For counting. `ignored` was overtaken by something that its rule yields to. */
  readonly outcome: "charged" | "refused" | "fenced" | "refunded" | "duplicate" | "ignored";
}

export interface PaymentContext {
  readonly nowMs: number;
}

/** A void cannot be discarded: nobody but payment could end the order then. */
export type PaymentMessage = Message<"payment.request"> | OrderEvent<"payment.void">;

/** The ledger account that the shop's takings are in. Never change: it is in stored entries. */
const takings = "shop/takings";
const accountOf = (customerId: string) => `customer/${customerId}`;

/**
 * Payment owns the outcome of every order that it was asked to charge, so it alone ends those that it refuses, fences or
 * refunds. What no rule lists changes nothing and publishes nothing.
 */
export function decide(state: PaymentState, message: PaymentMessage, context: PaymentContext): PaymentDecision {
  switch (message.type) {
    case "payment.request":
      return charge(state, message, context);
    case "payment.void":
      return takeVoid(state, message, context);
  }
}

function charge(state: PaymentState, message: Message<"payment.request">, context: PaymentContext): PaymentDecision {
  const { payment, account } = state;
  if (payment !== undefined) return unchanged(state, payment.status === "fenced" ? "ignored" : "duplicate");
  const { orderId, data } = message;
  const atMs = context.nowMs;
  const asked = { ...blankPayment(orderId), ...data };
  const reason = refusal(account, data);
  if (reason !== undefined || data === null || account === undefined) {
    const because = reason ?? "discarded";
    return {
      payment: { ...asked, status: "refused", reason: because, refusedAtMs: atMs },
      account,
      transfers: [],
      outbox: ending(orderId, because, 0, atMs),
      outcome: "refused",
    };
  }
  const { customerId, currency, amountMinor } = data;
  const transfer = chargeOf({ orderId, customerId, currency, amountMinor }, atMs);
  return {
    payment: { ...asked, status: "charged", chargedAtMs: atMs },
    account: { ...account, balanceMinor: account.balanceMinor - amountMinor },
    transfers: [transfer],
    outbox: [
      { type: "payment.success", orderId, atMs, data: { amountMinor, currency, paymentId: transfer.transferId } },
    ],
    outcome: "charged",
  };
}

interface Paid {
  readonly orderId: string;
  readonly customerId: string;
  readonly currency: string;
  readonly amountMinor: number;
}

/** The entry that charges an order. */
export function chargeOf({ orderId, customerId, ...amount }: Paid, atMs: number): Transfer {
  return { transferId: `charge/${orderId}`, orderId, debit: accountOf(customerId), credit: takings, ...amount, atMs };
}

/** The entry that gives a charge back. */
export function refundOf({ orderId, customerId, ...amount }: Paid, atMs: number): Transfer {
  return { transferId: `refund/${orderId}`, orderId, debit: takings, credit: accountOf(customerId), ...amount, atMs };
}

function refusal(
  account: Account | undefined,
  asked: OrderEvent<"payment.request">["data"] | null,
): Reason | undefined {
  if (asked === null) return "discarded";
  if (account === undefined) return "unknown-customer";
  if (account.currency !== asked.currency) return "currency-mismatch";
  return account.balanceMinor < asked.amountMinor ? "balance-short" : undefined;
}

function takeVoid(state: PaymentState, message: OrderEvent<"payment.void">, context: PaymentContext): PaymentDecision {
  const { payment, account } = state;
  const { orderId } = message;
  const { cause } = message.data;
  const atMs = context.nowMs;
  if (payment === undefined) {
    return {
      payment: { ...blankPayment(orderId), status: "fenced", reason: cause, fencedAtMs: atMs },
      account,
      transfers: [],
      outbox: ending(orderId, cause, 0, atMs),
      outcome: "fenced",
    };
  }
  if (payment.status !== "charged") return unchanged(state, payment.status === "refused" ? "ignored" : "duplicate");
  // The charge won the race against the deadline: the order is paid.
  return cause === "deadline" ? unchanged(state, "ignored") : refund(payment, account, atMs);
}

function refund(payment: Payment, account: Account | undefined, atMs: number): PaymentDecision {
  const { orderId, customerId, currency, amountMinor } = payment;
  if (account === undefined || customerId === null || currency === null || amountMinor === null) {
    throw new Error(`${orderId} is charged, but the account that it was charged to was not loaded`);
  }
  return {
    payment: { ...payment, status: "refunded", reason: "customer", refundedAtMs: atMs },
    account: { ...account, balanceMinor: account.balanceMinor + amountMinor },
    transfers: [refundOf({ orderId, customerId, currency, amountMinor }, atMs)],
    outbox: [
      { type: "payment.refunded", orderId, atMs, data: { amountMinor, currency } },
      ...ending(orderId, "customer", amountMinor, atMs),
    ],
    outcome: "refunded",
  };
}

/** How payment ends an order. */
function ending(orderId: string, reason: Reason, refundedMinor: number, atMs: number) {
  return [
    { type: "order.cancel", orderId, atMs, data: { reason, refundedMinor } },
    { type: "stock.rollback", orderId, atMs, data: { reason } },
  ] as const;
}

function unchanged(state: PaymentState, outcome: "duplicate" | "ignored"): PaymentDecision {
  return { payment: state.payment, account: state.account, transfers: [], outbox: [], outcome };
}

/** A row of which nothing is known. */
export function blankPayment(orderId: string): Omit<Payment, "status"> {
  return {
    orderId,
    reason: null,
    customerId: null,
    currency: null,
    amountMinor: null,
    chargedAtMs: null,
    refusedAtMs: null,
    fencedAtMs: null,
    refundedAtMs: null,
  };
}
