import type { EventType } from "#contracts/events.ts";
import { groups, type Service } from "#contracts/topics.ts";
import type { View } from "../decide.ts";

/** A message on its way to a service, without which an order does not go on. */
export interface Hop {
  readonly message: EventType;
  readonly service: Service;
  readonly groupId: string;
}

function hop(message: EventType, service: Service): Hop {
  return { message, service, groupId: groups[service === "intake" ? "view" : service] };
}

/**
 * What is yet to be read until an order that shows this status goes on, each after the one before. A service answers
 * with one message or another; what comes to intake at the end stands for all of them.
 */
export function hopsOf({ status, cancelRequestedAtMs }: Pick<View, "status" | "cancelRequestedAtMs">): readonly Hop[] {
  const wish = cancelRequestedAtMs === null ? [] : [hop("order.cancel.request", "order")];
  const verdict = [hop("stock.failed", "intake"), hop("order.cancel", "intake")];
  if (status === "received") {
    const voided = wish.length > 0 ? [hop("payment.void", "payment")] : [];
    const began = [hop("order.start", "stock"), ...wish, hop("stock.success", "order"), hop("order.created", "intake")];
    return [...began, ...voided, ...verdict];
  }
  const voided = wish.length > 0 ? [...wish, hop("payment.void", "payment")] : [];
  if (status === "created") {
    return [
      hop("payment.request", "payment"),
      ...voided,
      hop("payment.success", "intake"),
      hop("order.cancel", "intake"),
    ];
  }
  // Paid: it goes on only where its customer cancels.
  return status === "paid" ? [...voided, hop("order.cancel", "intake")] : [];
}

/** When the order last went on, as intake has seen. */
export function lastProgressMs(view: View): number {
  const { receivedAtMs, reservedAtMs, createdAtMs, paidAtMs, cancelRequestedAtMs } = view;
  return Math.max(receivedAtMs, reservedAtMs ?? 0, createdAtMs ?? 0, paidAtMs ?? 0, cancelRequestedAtMs ?? 0);
}
