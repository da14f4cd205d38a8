import type { OrderEvent } from "#contracts/events.ts";
import type { Line, Reason, ShortLine } from "#contracts/fields.ts";
import type { Message } from "../message.ts";

/** What intake shows of an order. Each fact happens once, so the timeline is a fixed set of columns. */
export interface View {
  readonly orderId: string;
  readonly customerId: string;
  readonly currency: string;
  readonly lines: readonly Line[];
  /** The highest rank seen; it never goes back, in whatever order the facts arrive. */
  readonly status: "received" | "created" | "paid" | "rejected" | "cancelled";
  readonly reason: Reason | null;
  readonly shortLines: readonly ShortLine[] | null;
  readonly totalMinor: number | null;
  readonly refundedMinor: number | null;
  readonly deadlineAtMs: number | null;
  readonly receivedAtMs: number;
  readonly reservedAtMs: number | null;
  readonly createdAtMs: number | null;
  readonly paidAtMs: number | null;
  readonly cancelRequestedAtMs: number | null;
  readonly refundedAtMs: number | null;
  readonly rejectedAtMs: number | null;
  readonly cancelledAtMs: number | null;
}

export type ViewMessage = Message<
  "order.created" | "payment.success" | "stock.failed" | "order.cancel" | "payment.refunded"
>;

export interface ViewDecision {
  readonly view: View | undefined;
  readonly outbox: readonly OrderEvent<"order.start" | "order.cancel.request">[];
  /** For counting. `alarm` must never happen: it is news of an order that intake does not know. */
  readonly outcome: "accepted" | "seen" | "cancelling" | "duplicate" | "ended" | "too-late" | "alarm";
}

export interface AcceptedOrder {
  readonly orderId: string;
  readonly customerId: string;
  readonly currency: string;
  /** As the customer sent them; a product may come twice. */
  readonly lines: readonly Line[];
  /** Under which the customer placed it. */
  readonly idempotencyKey?: string | null;
}

export interface IntakeContext {
  readonly nowMs: number;
  /** How long after its payment an order may still be cancelled. */
  readonly cancelWindowMs: number;
}

/** Takes news of an order into its view. It publishes nothing: nobody decides by what intake has seen. */
export function decide(view: View | undefined, message: ViewMessage): ViewDecision {
  if (view === undefined) return { view, outbox: [], outcome: "alarm" };
  const news = newsOf(message);
  const seen = raise(fillIn(view, news.facts), news.status, news.reason);
  return { view: seen, outbox: [], outcome: seen === view ? "duplicate" : "seen" };
}

/** Takes an order in: from here on it exists, and will end. */
export function accept(order: AcceptedOrder, context: IntakeContext): ViewDecision {
  const { orderId, customerId, currency, idempotencyKey } = order;
  const atMs = context.nowMs;
  const lines = mergeLines(order.lines);
  const data = { customerId, currency, lines, ...(idempotencyKey == null ? {} : { idempotencyKey }) };
  return {
    view: { ...blank, orderId, customerId, currency, lines, status: "received", receivedAtMs: atMs },
    outbox: [{ type: "order.start", orderId, atMs, data }],
    outcome: "accepted",
  };
}

/** Takes the customer's wish to cancel. What becomes of it is decided by order and payment. */
export function requestCancel(view: View | undefined, context: IntakeContext): ViewDecision {
  if (view === undefined) return { view, outbox: [], outcome: "alarm" };
  if (view.cancelRequestedAtMs !== null) return { view, outbox: [], outcome: "duplicate" };
  if (rank[view.status] === rank.cancelled) return { view, outbox: [], outcome: "ended" };
  const atMs = context.nowMs;
  if (view.paidAtMs !== null && atMs > view.paidAtMs + context.cancelWindowMs) {
    return { view, outbox: [], outcome: "too-late" };
  }
  return {
    view: { ...view, cancelRequestedAtMs: atMs },
    outbox: [{ type: "order.cancel.request", orderId: view.orderId, atMs, data: { requestedAtMs: atMs } }],
    outcome: "cancelling",
  };
}

const rank = { received: 0, created: 1, paid: 2, rejected: 3, cancelled: 3 } as const;

type Facts = Partial<
  Pick<
    View,
    | "shortLines"
    | "totalMinor"
    | "refundedMinor"
    | "deadlineAtMs"
    | "reservedAtMs"
    | "createdAtMs"
    | "paidAtMs"
    | "refundedAtMs"
    | "rejectedAtMs"
    | "cancelledAtMs"
  >
>;

interface News {
  readonly facts: Facts;
  readonly status: View["status"];
  readonly reason?: Reason;
}

function newsOf(message: ViewMessage): News {
  const { atMs } = message;
  switch (message.type) {
    case "order.created": {
      const { totalMinor = null, reservedAtMs = null, deadlineAtMs = null } = message.data ?? {};
      return { status: "created", facts: { createdAtMs: atMs, totalMinor, reservedAtMs, deadlineAtMs } };
    }
    case "payment.success":
      return { status: "paid", facts: { paidAtMs: atMs } };
    case "payment.refunded":
      // The order.cancel that goes with it says that the order is cancelled; but money back is no news of an open order.
      return { status: "received", facts: { refundedAtMs: atMs, refundedMinor: message.data?.amountMinor ?? null } };
    case "stock.failed": {
      const { reason = "discarded", shortLines = null } = message.data ?? {};
      return { status: "rejected", reason, facts: { rejectedAtMs: atMs, shortLines } };
    }
    case "order.cancel": {
      const { reason = "discarded", refundedMinor = null } = message.data ?? {};
      return { status: "cancelled", reason, facts: { cancelledAtMs: atMs, refundedMinor } };
    }
  }
}

/** Each fact happens once, so what is known stays: a copy, or what a discard left open, changes nothing. */
function fillIn(view: View, facts: Facts): View {
  const unknown = (Object.keys(facts) as (keyof Facts)[]).filter((key) => view[key] === null && facts[key] !== null);
  if (unknown.length === 0) return view;
  return { ...view, ...Object.fromEntries(unknown.map((key) => [key, facts[key]])) };
}

function raise(view: View, status: View["status"], reason: Reason | undefined): View {
  if (rank[status] <= rank[view.status]) return view;
  return { ...view, status, reason: reason ?? view.reason };
}

/** One line a product, in the order of its first line. */
function mergeLines(lines: readonly Line[]): Line[] {
  const quantities = new Map<string, number>();
  for (const { productId, quantity } of lines) quantities.set(productId, (quantities.get(productId) ?? 0) + quantity);
  return [...quantities].map(([productId, quantity]) => ({ productId, quantity }));
}

const blank = {
  reason: null,
  shortLines: null,
  totalMinor: null,
  refundedMinor: null,
  deadlineAtMs: null,
  reservedAtMs: null,
  createdAtMs: null,
  paidAtMs: null,
  cancelRequestedAtMs: null,
  refundedAtMs: null,
  rejectedAtMs: null,
  cancelledAtMs: null,
} as const;
