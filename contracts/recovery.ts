import * as z from "zod";

/** What operators ask a service that refuses to consume, and tell it to do, under `/admin`. */

const signed = {
  operator: z.string().min(1).max(100),
  why: z.string().min(1).max(1_000),
  /** True: only says what it would do. */
  dryRun: z.boolean(),
};

/** Body of `POST /recovery` and of `POST /unread/publish-again`. */
export const recoveryRequest = z.object(signed);

/** What was, or in a dry run would be, done. */
const recoveryReport = z.object({
  /** Messages of the service that its topics have. */
  facts: z.number().int(),
  /** Of those, the ones that its outbox did not have. */
  restored: z.number().int(),
  /** Orders whose row was added or moved on. */
  rows: z.number().int(),
  /** Messages that go out now, as others of the same decision did. */
  completed: z.number().int(),
  /** What could not be learned. */
  problems: z.array(z.string()),
  /** What follows for a person. */
  advice: z.array(z.string()),
  /** When the store last read a message, epoch ms; null: it never did. */
  storeReadUntilMs: z.number().int().nullable(),
  /** How many records of each topic are read again, and how many from before what can be learned are not. */
  begins: z.array(z.object({ topic: z.string(), records: z.number().int(), skipped: z.number().int() })),
});
export type RecoveryReport = z.infer<typeof recoveryReport>;

/** Answer to `GET /recovery` and `POST /recovery`. */
export const recoveryState = z.object({
  /** Why the service does not consume; null: it does. */
  refusal: z.object({ disaster: z.string(), message: z.string() }).nullable(),
  /** The last one that was asked for since the start of the service. */
  job: z
    .object({
      dryRun: z.boolean(),
      state: z.enum(["running", "done", "failed"]),
      report: recoveryReport.nullable(),
      error: z.string().nullable(),
    })
    .nullable(),
});
export type RecoveryState = z.infer<typeof recoveryState>;

/** Answer to `POST /unread/publish-again`: messages that not all have read. */
export const unreadPublished = z.object({ messages: z.number().int() });
