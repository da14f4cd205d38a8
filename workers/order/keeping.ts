import type { Keeping } from "../purge.ts";

/** What the order service lets go of. */
export const orderKeeping: Keeping = {
  orders: {
    table: "orders",
    statuses: ["paid", "rejected", "cancelled"],
    endedAt: ["paid_at_ms", "rejected_at_ms", "cancelled_at_ms"],
    publishes: ["order.created/", "payment.request/", "order.cancel/", "stock.rollback/"],
  },
};
