import * as z from "zod";

/**
 * The fields that events and HTTP bodies share, each with its limit.
 *
 * The limits make arithmetic exact by construction: a line costs at most 10^6 x 10^9 = 10^15 minor units, below 2^53.
 * Only a sum of lines can pass 2^53, and whoever adds them says so (`totalMinor: null`).
 */
export const limits = {
  linesPerOrder: 1_000,
  quantity: 1_000_000,
  priceMinor: 1_000_000_000,
  idLength: 64,
} as const;

/**
 * Visible ASCII only: such a text is equal to itself in JSON, SQLite, Kafka keys, URLs and logs, whatever their ideas of
 * Unicode, and no two ids look alike.
 */
const visibleText = z.string().regex(/^[!-~]{1,64}$/, `must be 1 to ${limits.idLength} visible ASCII characters`);

export const orderId = z.uuidv7().meta({ description: "The order: a UUIDv7 made at intake, the key of every message" });
export const customerId = visibleText.meta({ description: "The customer, who has an account at payment" });
export const productId = visibleText.meta({ description: "The product, as stock keeps it" });

export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, "must be an ISO 4217 code such as GBP")
  .meta({ description: "ISO 4217 code of the currency whose minor unit all amounts are in" });

/** `z.int()` holds every amount to the safe integers: below 2^53, where a JSON number is still exact. */
export const amountMinor = z.int().min(0).meta({ description: "Money in the currency's minor unit (pence, cents)" });

export const priceMinor = z
  .int()
  .min(0)
  .max(limits.priceMinor)
  .meta({ description: "Price of one piece, in the currency's minor unit" });

export const quantity = z.int().min(1).max(limits.quantity).meta({ description: "Pieces" });

export const epochMs = z.int().min(0).meta({ description: "A moment, in milliseconds since 1970 UTC" });

/** Requests with one key are one request. Scope: the customer for orders, the service for all else. */
export const idempotencyKey = z
  .string()
  .regex(/^[!-~]{1,255}$/, "must be 1 to 255 visible ASCII characters")
  .meta({ description: "Requests of one customer with the same key are one request" });

/** One product of an order. */
export const line = z.object({ productId, quantity }).meta({ description: "One product of an order" });

/**
 * Holds lines to one a product, as intake merges them: two decisions on one product from one message would both start
 * from the same shelf.
 */
export function isMerged(lines: readonly { readonly productId: string }[]): boolean {
  return lines.length === 1 || new Set(lines.map((each) => each.productId)).size === lines.length;
}

/** A line that stock could not hold; `available` is null when stock does not know the product. */
export const shortLine = z
  .object({ productId, quantity, available: z.int().min(0).nullable() })
  .meta({ description: "A line that could not be held; available is null for an unknown product" });

/**
 * Why an order ended as it did. Never change or reuse a word: they are in stored rows and in topics.
 *
 * `discarded` is an operator's decision about a dead letter that carried the step of this order.
 */
export const reason = z
  .enum([
    "stock-short",
    "unknown-product",
    "balance-short",
    "unknown-customer",
    "currency-mismatch",
    "total-over-limit",
    "customer",
    "deadline",
    "discarded",
  ])
  .meta({ description: "Why an order was rejected or cancelled" });

export type Reason = z.infer<typeof reason>;
export type Line = z.infer<typeof line>;
export type ShortLine = z.infer<typeof shortLine>;
