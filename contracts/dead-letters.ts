import * as z from "zod";
import { eventTypes } from "./events.ts";

/**
 * What operators ask a service about its dead letters and tell it to do with them, under `/admin`. Discards and heals need
 * the writer of the message too: whoever asks talks to both services.
 */

export const deadLetterState = z.enum(["dead", "healed", "replayed", "discarded"]);

/** Ages that letters are grouped by, ms: each group has reached one of them and not the next. */
export const deadLetterAgesMs = [0, 60_000, 3_600_000, 86_400_000, 604_800_000] as const;

const moment = z.coerce.number().int().min(0);

/** Query of `GET /dead-letters` and of `GET /dead-letter-groups`: which of them; what is left out does not matter. */
export const deadLetterFilter = z.object({
  state: deadLetterState.optional(),
  topic: z.enum(eventTypes).optional(),
  reason: z.string().min(1).max(64).optional(),
  /** The key of the record, as text: the order, where it is one. */
  key: z.string().min(1).max(256).optional(),
  /** Set aside before this moment, epoch ms. */
  beforeMs: moment.optional(),
  /** Set aside at this moment or later, epoch ms. */
  sinceMs: moment.optional(),
});

export const deadLetterQuery = deadLetterFilter.extend({
  /** Only those with a smaller id: the `next` of the page before. */
  beforeId: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

/** A message that no handler could take, without its body. */
const deadLetter = z.object({
  /** In the store of the service that could not take it. */
  id: z.number().int(),
  groupId: z.string(),
  topic: z.string(),
  partition: z.number().int(),
  offset: z.number().int(),
  /** Which life of the topic the offset counts in. */
  incarnation: z.string(),
  /** The order whose message it is, as far as body or key say; null: neither does, so only a discard is possible. */
  orderId: z.string().nullable(),
  /** The ids that the message may have in its writer's outbox. */
  messageIds: z.array(z.string()),
  /** Services that write this topic: one of them may have the message in its outbox. */
  writers: z.array(z.string()),
  /** Null where the record had no key, or one that is no text. */
  key: z.string().nullable(),
  /** `no-json`, `schema-violation`, `unknown-type`, `wrong-key`, `handler-type-error`, `constraint`, `unknown-error`, `deadly`. */
  reason: z.string(),
  error: z.string(),
  /** Tries, or deaths of the process where the reason is `deadly`. */
  attempts: z.number().int(),
  firstSeenAtMs: z.number().int(),
  deadAtMs: z.number().int(),
  /** Of the program that could not take it; null: from before that was kept. */
  programVersion: z.string().nullable(),
  traceparent: z.string().nullable(),
  /** Of the record's value. */
  bytes: z.number().int(),
  state: deadLetterState,
  closedAtMs: z.number().int().nullable(),
});
export type DeadLetterSummary = z.infer<typeof deadLetter>;

/** The newest first. */
export const deadLetterPage = z.object({
  letters: z.array(deadLetter),
  /** For `beforeId` of the next page; null: this is the last. */
  next: z.number().int().nullable(),
});
export type DeadLetterPage = z.infer<typeof deadLetterPage>;

const group = z.object({
  topic: z.string(),
  reason: z.string(),
  state: deadLetterState,
  /** One of `deadLetterAgesMs`: each letter of the group is so old or older. */
  ageMs: z.number().int(),
  letters: z.number().int(),
  oldestAtMs: z.number().int(),
  newestAtMs: z.number().int(),
});

/** Answer of `GET /dead-letter-groups`. */
export const deadLetterGroups = z.object({ groups: z.array(group) });
export type DeadLetterGroups = z.infer<typeof deadLetterGroups>;

const header = z.object({ name: z.string(), text: z.string().nullable(), base64: z.string().nullable() });

const historyEntry = z.object({
  atMs: z.number().int(),
  operator: z.string(),
  why: z.string(),
  action: z.string(),
  effect: z.string(),
});

/** Answer of `GET /dead-letters/{id}`: all that is known of one. */
export const deadLetterDetail = deadLetter.extend({
  /** When the record was produced, as it says. */
  timestampMs: z.number().int(),
  keyBase64: z.string().nullable(),
  valueBase64: z.string().nullable(),
  /** The value as text, where it is UTF-8. */
  text: z.string().nullable(),
  /** The value as JSON, where it is; null also where the value is the JSON null. */
  json: z.unknown(),
  headers: z.array(header),
  /** Whether this program can read it, as it stands in the store; why not. */
  readable: z.object({ ok: z.boolean(), detail: z.string() }),
  /** What operators did to it, the oldest first. */
  history: z.array(historyEntry),
});
export type DeadLetterDetail = z.infer<typeof deadLetterDetail>;

/** Who does something, and why; for the trail. */
export const adminRequest = z.object({
  operator: z.string().trim().min(1).max(100),
  why: z.string().trim().min(1).max(1_000),
  /** Only says what it would do. */
  dryRun: z.boolean(),
});
export type AdminRequest = z.infer<typeof adminRequest>;

/** Body of `POST /dead-letters/{id}/discard`. */
export const discardRequest = adminRequest.extend({
  /**
   * Whether an outbox of the topic's writers has the message, as `GET /outbox` says there. True: it is decided by the
   * table, as that order's. False: it is junk that nobody of ours published, and is dropped.
   */
  isGenuine: z.boolean(),
  /** Who says so: the outbox, or, where that does not go back so far and cannot know, whoever discards it. */
  saidBy: z.enum(["outbox", "operator"]).default("outbox"),
});
export type DiscardRequest = z.infer<typeof discardRequest>;

/** Body of `POST /dead-letters/{id}/healed`: its writers have published it again. */
export const healedRequest = adminRequest.extend({ messageIds: z.array(z.string()).min(1).max(10) });

/** What replay, discard and healed answer. */
export const deadLetterResult = z.object({
  /** `already`: somebody closed it before; nothing was done now. */
  outcome: z.enum(["would", "done", "already"]),
  state: deadLetterState,
  /** What it did, would do or had done to the order, in words. */
  effect: z.string(),
});
export type DeadLetterResult = z.infer<typeof deadLetterResult>;

/** What healing, replaying or discarding one came to, over all services that have a part in it. */
export const closedLetter = z.object({
  /** As `deadLetterResult`; `cannot`: `effect` says why, and nothing was done. */
  outcome: z.enum(["would", "done", "already", "cannot"]),
  effect: z.string(),
});
export type ClosedLetter = z.infer<typeof closedLetter>;

/** Ids in the query of `GET /outbox`: `?id=...&id=...`. */
export const outboxIds = z.array(z.string().min(1).max(256)).min(1).max(10);

/** Answer of `GET /outbox`. */
export const outboxFound = z.object({
  /** Of those asked for, the ids that the outbox has. */
  messageIds: z.array(z.string()),
  /**
   * From this moment on, epoch ms, it lacks nothing that the service published; what is older may have been let go of. Null:
   * it has everything. A message is never older than its order, whose id tells when that was placed.
   */
  completeSinceMs: z.number().int().nullable(),
});
export type OutboxFound = z.infer<typeof outboxFound>;

/** Body of `POST /outbox/publish-again`. Each message is published once for each letter, however often it is asked for. */
export const publishAgainRequest = adminRequest.extend({
  messageIds: outboxIds,
  /** The place of the dead letter that it is for, as `placeOf` names it. */
  letter: z.string().min(1).max(512),
});

/** Answer of `POST /outbox/publish-again`. */
export const publishAgainResult = z.object({
  /** Published now; in a dry run, those that would be. */
  published: z.array(z.string()),
  /** Published for this letter before. */
  already: z.array(z.string()),
  /** Not in this outbox. */
  missing: z.array(z.string()),
});
export type PublishAgainResult = z.infer<typeof publishAgainResult>;

/** Names a dead letter for good: its record's place, in whose group. */
export function placeOf(letter: {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly incarnation: string;
}): string {
  return `${letter.groupId}/${letter.topic}/${letter.partition}/${letter.offset}/${letter.incarnation}`;
}
