import type { Hono } from "hono";
import type * as z from "zod";
import {
  adminRequest,
  deadLetterAgesMs,
  deadLetterFilter,
  type DeadLetterGroups,
  type DeadLetterPage,
  deadLetterQuery,
  discardRequest,
  healedRequest,
  placeOf,
} from "#contracts/dead-letters.ts";
import { findDeadLetters, groupDeadLetters, readDeadLetter } from "#db/dead-letter-rows.ts";
import { readTrailOf } from "#db/trail.ts";
import { readBody } from "../http/json-body.ts";
import { fieldErrors, invalidRequest, notFound } from "../http/problem.ts";
import type { AdminParts } from "./admin-app.ts";
import { closeLetter, type Closing, type LetterClosing } from "./close-letter.ts";
import { detailOf, summaryOf } from "./letter-view.ts";
import { discardBy, healedBy, replayBy } from "./letter-actions.ts";

export const adminBodyBytesAtMost = 16 * 1024;

/** A request that was taken is ended, also when its client goes away. */
const never = new AbortController().signal;

/** What operators see of dead letters, and do with them. */
export function serveDeadLetters(app: Hono, { store, bus, handler, log }: AdminParts): void {
  app.get("/dead-letters", async (context) => {
    const { limit, beforeId, ...filter } = parsed(deadLetterQuery, context.req.query());
    const rows = await store.read(context.req.raw.signal, (db) => findDeadLetters(db, filter, limit, beforeId));
    const next = rows.length < limit ? null : (rows.at(-1)?.id ?? null);
    return context.json({ letters: rows.map(summaryOf), next } satisfies DeadLetterPage);
  });

  app.get("/dead-letter-groups", async (context) => {
    const filter = parsed(deadLetterFilter, context.req.query());
    const groups = await store.read(context.req.raw.signal, (db) =>
      groupDeadLetters(db, filter, Date.now(), deadLetterAgesMs),
    );
    return context.json({ groups } satisfies DeadLetterGroups);
  });

  app.get("/dead-letters/:id", async (context) => {
    const id = letterId(context.req.param("id"));
    const found = await store.read(context.req.raw.signal, async (db) => {
      const row = await readDeadLetter(db, id);
      return row && { row, history: await readTrailOf(db, placeOf(row)) };
    });
    if (found === undefined) throw notFound(`There is no dead letter ${id}`);
    return context.json(detailOf(found.row, found.history));
  });

  async function close(id: string, state: Closing, rest: Pick<LetterClosing, "request" | "act">): Promise<Response> {
    const result = await closeLetter({ write: bus.write, signal: never, id: letterId(id), state, ...rest });
    const { operator } = rest.request;
    if (result.outcome === "done")
      log({ level: "info", message: "dead letter closed", id, state, operator, effect: result.effect });
    return Response.json(result);
  }

  app.post("/dead-letters/:id/replay", async ({ req }) => {
    const request = await readBody(req.raw, adminRequest, adminBodyBytesAtMost);
    return close(req.param("id"), "replayed", { request, act: replayBy(handler) });
  });

  app.post("/dead-letters/:id/discard", async ({ req }) => {
    const request = await readBody(req.raw, discardRequest, adminBodyBytesAtMost);
    return close(req.param("id"), "discarded", { request, act: discardBy(handler, request) });
  });

  app.post("/dead-letters/:id/healed", async ({ req }) => {
    const request = await readBody(req.raw, healedRequest, adminBodyBytesAtMost);
    return close(req.param("id"), "healed", { request, act: healedBy(request.messageIds) });
  });
}

function letterId(text: string): number {
  const id = Number(text);
  if (!Number.isSafeInteger(id) || id < 1) throw notFound(`There is no dead letter ${text}`);
  return id;
}

export function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalidRequest("Parts of the query broke a rule", fieldErrors(result.error));
}
