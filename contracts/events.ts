import * as z from "zod";
import {
  amountMinor,
  currency,
  customerId,
  epochMs,
  idempotencyKey,
  isMerged,
  limits,
  line,
  priceMinor,
  productId,
  quantity,
  reason,
  shortLine,
} from "./fields.ts";

/**
 * What the services tell each other: one schema an event, by type. A topic carries one type and has its name.
 *
 * Each fact happens once an order (a void once a cause), so type, order and cause make the message id.
 * A later version may add optional fields; anything else needs a new version in `dataschema`, read beside the old one.
 */
export const eventData = {
  "order.start": z
    .object({ customerId, currency, lines: lines(line), idempotencyKey: idempotencyKey.optional() })
    .meta({
      description:
        "Intake accepted an order. Lines are merged by product. The customer's key travels with it, so that an intake that lost its store knows a repeated request again.",
    }),
  "stock.success": z
    .object({
      customerId,
      currency,
      lines: lines(z.object({ productId, quantity, priceMinor })),
      totalMinor: amountMinor
        .nullable()
        .meta({ description: "Sum of quantity x price; null when it passes 2^53 and no number here is exact" }),
    })
    .meta({ description: "Stock holds all lines of the order, at these prices." }),
  "stock.failed": z
    .object({ reason, shortLines: z.array(shortLine).max(limits.linesPerOrder) })
    .meta({ description: "Stock holds nothing for the order: a line is short or its product unknown." }),
  "order.created": z
    .object({ currency, totalMinor: amountMinor, reservedAtMs: epochMs, deadlineAtMs: epochMs })
    .meta({ description: "The order is created; it is cancelled when it is not paid by the deadline." }),
  "payment.request": z
    .object({ customerId, currency, amountMinor })
    .meta({ description: "Charge this customer. From here on payment owns the outcome." }),
  "payment.success": z
    .object({ amountMinor, currency, paymentId: z.string().min(1).max(128) })
    .meta({ description: "The customer's account is charged." }),
  "payment.refunded": z
    .object({ amountMinor, currency })
    .meta({ description: "The charge went back to the customer's account." }),
  "order.cancel.request": z.object({ requestedAtMs: epochMs }).meta({
    description: "The customer wants the order cancelled. Only intake writes it, for orders of its own store.",
  }),
  "payment.void": z
    .object({ cause: z.enum(["customer", "deadline"]) })
    .meta({ description: "Do not charge any more; by the customer also: give back what was charged." }),
  "order.cancel": z
    .object({ reason, refundedMinor: amountMinor })
    .meta({ description: "The order is cancelled. Written by order or payment, never both." }),
  "stock.rollback": z
    .object({ reason })
    .meta({ description: "Release what is held. Never quantities: stock's own row knows them." }),
} as const;

function lines<T extends z.ZodType<{ productId: string }>>(each: T) {
  const text = "must have one line a product";
  return z.array(each).min(1).max(limits.linesPerOrder).refine(isMerged, text);
}

export type EventType = keyof typeof eventData;
export type EventData<K extends EventType> = z.infer<(typeof eventData)[K]>;

/** A fact about one order. As a union over types unless one is named. */
export type OrderEvent<K extends EventType = EventType> = {
  [T in K]: { readonly type: T; readonly orderId: string; readonly atMs: number; readonly data: EventData<T> };
}[K];

/**
 * What no operator can discard: nobody else could end the order then. Everything else has a discard by its topic and order
 * alone: a step is refused, a verdict is applied.
 */
export const neverDiscarded = ["order.cancel.request", "payment.void"] as const satisfies readonly EventType[];

/**
 * What takes back what was done. One that a service cannot do is never dropped: it stays a dead letter, which operators see
 * apart from the others until it is done.
 */
export const compensations = [
  "order.cancel.request",
  "payment.void",
  "order.cancel",
  "stock.rollback",
] as const satisfies readonly EventType[];
export type DiscardableType = Exclude<EventType, (typeof neverDiscarded)[number]>;

export const eventTypes = Object.keys(eventData) as EventType[];

/**
 * The id of the message that carries this fact. Never change: ids are in stored rows, and an id that changed would be a
 * second fact to every reader.
 */
export function messageId(event: OrderEvent): string {
  const id = `${event.type}/${event.orderId}`;
  return event.type === "payment.void" ? `${id}/${event.data.cause}` : id;
}
