import * as z from "zod";
import { eventTypes } from "./events.ts";
import { services } from "./topics.ts";

/** What operators tell a service, and it tells them, under `/admin`. */

/** One thing that an operator did. */
const trailEntry = z.object({
  id: z.number().int(),
  atMs: z.number().int(),
  operator: z.string(),
  why: z.string(),
  /** Such as `heal`, `replay`, `discard`, `recover`. */
  action: z.string(),
  /** What it was done to: a dead letter's place, a group. */
  subject: z.string(),
  /** What it came to, in words. */
  effect: z.string(),
});

export const trailPage = z.object({ entries: z.array(trailEntry) });
export type TrailPage = z.infer<typeof trailPage>;

/** What the answer to `POST /admin/backup` says of the copy that it carries. */
export const copyHeaders = { storeId: "x-orderwright-store", atMs: "x-orderwright-copied-at-ms" } as const;

/** An order that does not go on: the message and the service that it waits for. */
const stuckOrder = z.object({
  orderId: z.string(),
  /** As intake shows it. */
  status: z.string(),
  message: z.enum(eventTypes),
  service: z.enum(services),
  /**
   * `unread`: the service stands still with it unread; `dead-letter`: it has set it aside; `unanswered`: all is read, and
   * nothing came of it; `no-broker`: nobody can be asked.
   */
  why: z.enum(["unread", "dead-letter", "unanswered", "no-broker"]),
  /** When it last went on. */
  sinceMs: z.number().int(),
  /** Of the dead letter. */
  reason: z.string().optional(),
});

/** Answer of intake's `GET /stuck`, the oldest first. */
export const stuckPage = z.object({
  /** Null: it has not looked since its start. */
  lookedAtMs: z.number().int().nullable(),
  total: z.number().int(),
  orders: z.array(stuckOrder),
});
export type StuckPage = z.infer<typeof stuckPage>;

/** A compensation that a service could not do and keeps as a dead letter: only an operator can bring it on. */
const undone = z.object({
  /** Of the dead letter, in the store of this service. */
  id: z.number().int(),
  topic: z.enum(eventTypes),
  /** The record's key as text, where it is one. */
  key: z.string().nullable(),
  reason: z.string(),
  error: z.string(),
  sinceMs: z.number().int(),
});

/** Answer of every service's `GET /undone`, the oldest first. */
export const undonePage = z.object({ total: z.number().int(), undone: z.array(undone) });
export type UndonePage = z.infer<typeof undonePage>;
