import * as z from "zod";

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
