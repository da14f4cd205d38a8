import type { Keeping } from "../purge.ts";

/** What intake lets go of: an order is then shown no more, and its Idempotency-Key is free. */
export const intakeKeeping: Keeping = {
  orders: {
    table: "orders",
    statuses: ["paid", "rejected", "cancelled"],
    endedAt: ["paid_at_ms", "rejected_at_ms", "cancelled_at_ms", "refunded_at_ms"],
    publishes: ["order.start/", "order.cancel.request/"],
  },
};
