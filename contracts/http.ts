import * as z from "zod";
import { eventTypes } from "./events.ts";
import {
  amountMinor,
  currency,
  customerId,
  limits,
  line,
  orderId,
  priceMinor,
  productId,
  quantity,
  reason,
  shortLine,
} from "./fields.ts";
import { services } from "./topics.ts";

/** What shops and people tell the services over HTTP. The OpenAPI document is made from these schemas. */

/** Most entries in one request that lists products or customers. */
const itemsPerRequest = 1_000;

/** Body of `POST /orders`. Lines of one product are allowed, and merged. */
export const orderRequest = z
  .object({ customerId, currency, lines: z.array(line).min(1).max(limits.linesPerOrder) })
  .check((context) => {
    const sums = new Map<string, number>();
    for (const [index, { productId: product, quantity: pieces }] of context.value.lines.entries()) {
      const sum = (sums.get(product) ?? 0) + pieces;
      sums.set(product, sum);
      if (sum <= limits.quantity) continue;
      context.issues.push({
        code: "custom",
        path: ["lines", index, "quantity"],
        message: `all lines of ${product} together must be at most ${limits.quantity}`,
        input: pieces,
      });
    }
  })
  .meta({ id: "OrderRequest", description: "An order to place. Lines of one product are merged." });

/** Where an order stands; the highest seen, so it never goes back. */
export const orderStatus = z.enum(["received", "created", "paid", "rejected", "cancelled"]).meta({
  id: "OrderStatus",
  description: "Rises only; rejected and cancelled are final, paid unless the customer cancels",
});

const moment = z.iso.datetime();

/** The moments at which the facts of an order happened, each at most once. */
export const timeline = z
  .object({
    receivedAt: moment,
    reservedAt: moment.optional(),
    createdAt: moment.optional(),
    paidAt: moment.optional(),
    cancelRequestedAt: moment.optional(),
    refundedAt: moment.optional(),
    rejectedAt: moment.optional(),
    cancelledAt: moment.optional(),
  })
  .meta({ id: "Timeline", description: "When each fact of the order happened, as far as seen" });

/** What an order waits for that does not go on; the words are in contracts/admin.ts too. */
const waitingFor = z
  .object({
    message: z.enum(eventTypes),
    service: z.enum(services),
    why: z.enum(["unread", "dead-letter", "unanswered", "no-broker"]),
    since: moment,
  })
  .meta({
    description: "There while the order does not go on: the message and the service that it waits for, and why",
  });

/** Answer to `GET /orders/{id}` and body of the 202 to `POST /orders`. */
export const orderView = z
  .object({
    id: orderId,
    customerId,
    currency,
    lines: z.array(line),
    status: orderStatus,
    reason: reason.optional(),
    shortLines: z.array(shortLine).optional(),
    totalMinor: amountMinor.optional(),
    refundedMinor: amountMinor.optional(),
    deadlineAt: moment.optional(),
    waitingFor: waitingFor.optional(),
    timeline,
  })
  .meta({ id: "Order", description: "An order as far as intake has seen" });

/**
 * Answer to stock's `GET /orders/{id}`, and to intake's `GET /orders/{id}/goods`, which asks stock: what stock publishes of an
 * order does not say when its goods were sold or given back.
 */
export const orderGoods = z
  .object({
    status: z.enum(["reserved", "refused", "sold", "released", "tombstone"]),
    soldAt: moment.optional(),
    releasedAt: moment.optional(),
  })
  .meta({ id: "OrderGoods", description: "What became of an order's goods, as stock's own row has it" });

/**
 * Answer to `POST /orders/{id}/cancel`: what becomes of the order. `requested` is the promise that it ends rejected or
 * cancelled, and that a charge goes back; `ended` says that it had already.
 */
export const cancellation = z
  .object({
    state: z.enum(["requested", "ended"]),
    willHappen: z.string().meta({ description: "What becomes of the order, for people" }),
    order: orderView,
  })
  .meta({
    id: "Cancellation",
    description: "What becomes of an order whose customer cancels; Location says where to look",
  });

/** Answer to `GET /orders`; `next` is the cursor of the following page. */
export const orderPage = z
  .object({ orders: z.array(orderView), next: z.string().optional() })
  .meta({ id: "OrderPage", description: "Orders, newest first" });

/** Sets prices at stock. A product that stock does not know becomes known, with nothing on the shelf. */
export const priceRequest = z
  .object({ prices: z.array(z.object({ productId, priceMinor })).min(1).max(itemsPerRequest) })
  .meta({ id: "PriceRequest", description: "Prices to set; unknown products become known" });

/** Adds pieces of known products. */
export const restockRequest = z
  .object({ items: z.array(z.object({ productId, quantity })).min(1).max(itemsPerRequest) })
  .meta({ id: "RestockRequest", description: "Pieces to add to the shelf" });

/** Adds money to accounts; a customer's first top-up opens the account in this currency. */
export const topUpRequest = z
  .object({
    currency,
    topUps: z
      .array(z.object({ customerId, amountMinor: amountMinor.min(1) }))
      .min(1)
      .max(itemsPerRequest),
  })
  .meta({ id: "TopUpRequest", description: "Money to add to accounts, each a ledger entry" });

/** Every error: RFC 9457, with the fields that broke a rule. Media type application/problem+json. */
export const problem = z
  .object({
    type: z.string().meta({ description: "URI of the kind of problem; about:blank when the status says all" }),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().optional(),
    instance: z.string().optional(),
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string() }))
      .optional()
      .meta({ description: "For each field that broke a rule: a JSON pointer to it, and the rule" }),
  })
  .meta({ id: "Problem", description: "RFC 9457 problem document" });

export type OrderRequest = z.infer<typeof orderRequest>;
export type OrderView = z.infer<typeof orderView>;
export type OrderGoods = z.infer<typeof orderGoods>;
export type Cancellation = z.infer<typeof cancellation>;
export type OrderPage = z.infer<typeof orderPage>;
export type PriceRequest = z.infer<typeof priceRequest>;
export type RestockRequest = z.infer<typeof restockRequest>;
export type TopUpRequest = z.infer<typeof topUpRequest>;
export type Problem = z.infer<typeof problem>;
