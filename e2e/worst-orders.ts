// For tests only.
import type { Service } from "#contracts/topics.ts";
import type { OrderRecord } from "./agreement.ts";
import { type OrderKind, orderKinds } from "./order-kinds.ts";

/** How one order's messages are held back and let go, and what must come of it. */
interface WorstOrder {
  readonly kind: OrderKind;
  /** The customer wants to cancel: there is an order.cancel.request. */
  readonly cancels?: true;
  /** `message > reader`, one after the other is decided. */
  readonly carried: readonly `${string} > ${Service}`[];
  readonly spentMinor: number;
  readonly record: OrderRecord;
}

const created = ["order.created", "payment.request"];
const began = { intake: ["order.start"], stock: ["stock.success"] };
const cancelling = { intake: ["order.start", "order.cancel.request"] };
const reserved = ["order.start > stock", "stock.success > order"] as const;

function cancelled(reason: "customer" | "deadline", payment: string | null): OrderRecord["ends"] {
  const end = (status: string) => `${status} (${reason})`;
  return { intake: end("cancelled"), stock: end("released"), order: end("cancelled"), payment };
}

function fenced(cause: "customer" | "deadline"): OrderRecord {
  return {
    ends: cancelled(cause, `fenced (${cause})`),
    published: {
      ...began,
      ...(cause === "customer" ? cancelling : {}),
      order: [...created, `payment.void/${cause}`],
      payment: ["order.cancel", "stock.rollback"],
    },
    transfers: [],
    holds: [],
  };
}

function refunded(voids: readonly string[]): OrderRecord {
  return {
    ends: cancelled("customer", "refunded (customer)"),
    published: {
      ...began,
      ...cancelling,
      order: [...created, ...voids],
      payment: ["payment.success", "payment.refunded", "order.cancel", "stock.rollback"],
    },
    transfers: ["charge 300", "refund 300"],
    holds: [],
  };
}

/** The customer against everybody else; the deadline is far away. */
export const customerRaces: Readonly<Record<string, WorstOrder>> = {
  "the wish to cancel comes before stock's reservation: cancelled, payment never hears of it": {
    kind: "paid",
    cancels: true,
    carried: [
      "order.cancel.request > order",
      ...reserved,
      "order.cancel > intake",
      "order.cancel > order",
      "stock.rollback > stock",
    ],
    spentMinor: 0,
    record: {
      ends: cancelled("customer", null),
      published: { ...began, ...cancelling, order: ["order.cancel", "stock.rollback"], payment: [] },
      transfers: [],
      holds: [],
    },
  },
  "the wish to cancel comes before stock's refusal: rejected": {
    kind: "stock short",
    cancels: true,
    carried: ["order.cancel.request > order", "order.start > stock", "stock.failed > intake", "stock.failed > order"],
    spentMinor: 0,
    record: {
      ...orderKinds["stock short"].record,
      published: { ...orderKinds["stock short"].record.published, ...cancelling },
    },
  },
  "payment.void comes before payment.request: fenced, never charged": {
    kind: "paid",
    cancels: true,
    carried: [
      ...reserved,
      "order.cancel.request > order",
      "payment.void/customer > payment",
      "payment.request > payment",
      "order.cancel > intake",
      "stock.rollback > stock",
      "order.cancel > order",
      "order.created > intake",
    ],
    spentMinor: 0,
    record: fenced("customer"),
  },
  "payment.void comes after a refusal: refused it stays": {
    kind: "balance short",
    cancels: true,
    carried: [
      ...reserved,
      "payment.request > payment",
      "order.cancel.request > order",
      "payment.void/customer > payment",
      "stock.rollback > stock",
      "order.cancel > order",
      "order.cancel > intake",
      "order.created > intake",
    ],
    spentMinor: 0,
    record: {
      ...orderKinds["balance short"].record,
      published: {
        ...orderKinds["balance short"].record.published,
        ...cancelling,
        order: [...created, "payment.void/customer"],
      },
    },
  },
  "the wish to cancel comes after the refusal has ended the order: nothing more is asked of payment": {
    kind: "balance short",
    cancels: true,
    carried: [
      ...reserved,
      "payment.request > payment",
      "order.cancel > order",
      "order.cancel.request > order",
      "stock.rollback > stock",
      "order.cancel > intake",
      "order.created > intake",
    ],
    spentMinor: 0,
    record: {
      ...orderKinds["balance short"].record,
      published: { ...orderKinds["balance short"].record.published, ...cancelling },
    },
  },
  "stock.rollback and order.cancel come before payment.success: released, cancelled, and nothing is sold": {
    kind: "paid",
    cancels: true,
    carried: [
      ...reserved,
      "payment.request > payment",
      "order.cancel.request > order",
      "payment.void/customer > payment",
      "stock.rollback > stock",
      "payment.success > stock",
      "order.cancel > order",
      "payment.success > order",
      "payment.refunded > intake",
      "order.cancel > intake",
      "payment.success > intake",
      "order.created > intake",
    ],
    spentMinor: 0,
    record: refunded(["payment.void/customer"]),
  },
  "stock.rollback comes after payment.success: what was sold is given back": {
    kind: "paid",
    cancels: true,
    carried: [
      ...reserved,
      "payment.request > payment",
      "payment.success > intake",
      "payment.success > order",
      "payment.success > stock",
      "order.cancel.request > order",
      "payment.void/customer > payment",
      "order.cancel > intake",
      "stock.rollback > stock",
      "order.cancel > order",
      "payment.refunded > intake",
      "order.created > intake",
    ],
    spentMinor: 0,
    record: refunded(["payment.void/customer"]),
  },
};

/** The deadline, which has passed when an order is created. */
export const deadlineRaces: Readonly<Record<string, WorstOrder>> = {
  "the deadline's void comes before payment.request: fenced, never charged": {
    kind: "paid",
    carried: [
      ...reserved,
      "payment.void/deadline > payment",
      "payment.request > payment",
      "order.cancel > intake",
      "order.cancel > order",
      "stock.rollback > stock",
      "order.created > intake",
    ],
    spentMinor: 0,
    record: fenced("deadline"),
  },
  "the deadline's void comes before the customer's: fenced by the first, once": {
    kind: "paid",
    cancels: true,
    carried: [
      ...reserved,
      "order.cancel.request > order",
      "payment.void/deadline > payment",
      "payment.void/customer > payment",
      "payment.request > payment",
      "order.cancel > intake",
      "order.cancel > order",
      "stock.rollback > stock",
      "order.created > intake",
    ],
    spentMinor: 0,
    record: {
      ...fenced("deadline"),
      published: {
        ...fenced("deadline").published,
        ...cancelling,
        order: [...created, "payment.void/deadline", "payment.void/customer"],
      },
    },
  },
  "payment.request comes before the deadline's void: the charge won, and paid it stays": {
    kind: "paid",
    carried: [
      ...reserved,
      "payment.request > payment",
      "payment.void/deadline > payment",
      "payment.success > intake",
      "payment.success > stock",
      "payment.success > order",
      "order.created > intake",
    ],
    spentMinor: 300,
    record: {
      ...orderKinds.paid.record,
      published: { ...orderKinds.paid.record.published, order: [...created, "payment.void/deadline"] },
    },
  },
  "the charge won against the deadline, and then the customer cancels: refunded": {
    kind: "paid",
    cancels: true,
    carried: [
      ...reserved,
      "payment.request > payment",
      "payment.void/deadline > payment",
      "order.cancel.request > order",
      "payment.void/customer > payment",
      "stock.rollback > stock",
      "payment.success > stock",
      "order.cancel > order",
      "payment.success > order",
      "order.cancel > intake",
      "payment.success > intake",
      "payment.refunded > intake",
      "order.created > intake",
    ],
    spentMinor: 0,
    record: refunded(["payment.void/deadline", "payment.void/customer"]),
  },
};
