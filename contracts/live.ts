import * as z from "zod";
import { amountMinor, currency, epochMs, orderId, reason } from "./fields.ts";
import { orderStatus } from "./http.ts";
import { services } from "./topics.ts";

/** What intake tells who watches, as server-sent events: `GET /events` and `GET /orders/{id}/events`. */

const count = z.int().min(0);
const durationMs = z.number().min(0);

/** What happened in one second: data of the event `seconds` is a list of them, oldest first. */
export const second = z.object({
  /** When it ended. */
  atMs: epochMs,
  accepted: count,
  /** Orders that reached this end in it. One that is cancelled after it was paid is in both. */
  paid: count,
  rejected: count,
  cancelled: count,
  /** Of those that ended otherwise than paid. */
  reasons: z.partialRecord(reason, count).optional(),
  /** From acceptance to end, of those that ended in it; not there when none did. */
  p50Ms: durationMs.optional(),
  p99Ms: durationMs.optional(),
});

/**
 * How a service is. `unknown`: intake was not told where it is. `refusing`: it answers and says that it is not ready.
 */
export const serviceState = z.object({
  state: z.enum(["ready", "refusing", "down", "unknown"]),
  /** Why it is not ready; for people. */
  detail: z.string().optional(),
  /** Messages that it has not taken yet. */
  lag: count.optional(),
  outboxRows: count.optional(),
  /** How long the oldest message in its outbox has waited for the broker. */
  outboxAgeSeconds: z.number().min(0).optional(),
  /** That nobody has dealt with. */
  deadLetters: count.optional(),
});

/** An order that has just ended. */
const endedOrder = z.object({
  id: orderId,
  status: orderStatus,
  reason: reason.optional(),
  totalMinor: amountMinor.optional(),
  currency,
  endedAtMs: epochMs,
  tookMs: durationMs,
});

/** Data of the event `now`: how things stand. */
export const now = z.object({
  atMs: epochMs,
  inFlight: z.object({ received: count, created: count }),
  /** Of the orders that ended in the last minute. */
  lastMinute: z.object({ ended: count, p50Ms: durationMs.optional(), p99Ms: durationMs.optional() }),
  services: z.record(z.enum(services), serviceState),
  /** The newest first. */
  latest: z.array(endedOrder),
  /** Whether this is `npm start`, whose parts may be stopped from the page. */
  demo: z.boolean(),
});

export type Second = z.infer<typeof second>;
export type ServiceState = z.infer<typeof serviceState>;
export type EndedOrder = z.infer<typeof endedOrder>;
export type Now = z.infer<typeof now>;
