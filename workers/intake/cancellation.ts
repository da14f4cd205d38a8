import type { Cancellation } from "#contracts/http.ts";
import { ProblemError } from "../http/problem.ts";
import type { Cancelled } from "./cancel-orders.ts";
import type { View } from "./decide.ts";
import { orderView } from "./order-view.ts";

/**
 * What a customer who cancels is told.
 * @throws ProblemError when the order is paid and the window after that is over
 */
export function cancellationOf({ outcome, view }: NonNullable<Cancelled>): Cancellation {
  if (outcome === "too-late") {
    throw new ProblemError({
      kind: "cancel-window-over",
      status: 409,
      title: "The order can no longer be cancelled",
      detail: `It was paid at ${new Date(view.paidAtMs ?? 0).toISOString()}, and the time to cancel after that is over`,
    });
  }
  const order = orderView(view);
  const hasEnded = view.status === "rejected" || view.status === "cancelled";
  return { state: hasEnded ? "ended" : "requested", willHappen: prospects[view.status], order };
}

/** By what intake has seen, which may be behind: each says also what else may have happened meanwhile. */
const prospects: Readonly<Record<View["status"], string>> = {
  received: "The order ends cancelled, or rejected if the goods are short; a charge made meanwhile is refunded in full",
  created: "The order ends cancelled: it is not charged, or if it was meanwhile, the charge is refunded in full",
  paid: "The charge is refunded in full, and the order ends cancelled",
  rejected: "Nothing: the order was rejected, and nothing was charged",
  cancelled: "Nothing more: the order is cancelled, and what was charged is refunded",
};
