import type { Hono } from "hono";
import { outboxIds, type OutboxFound, publishAgainRequest, type PublishAgainResult } from "#contracts/dead-letters.ts";
import type { Transaction } from "#db/connection.ts";
import { knownMessageIds, outboxCompleteSince } from "#db/outbox.ts";
import { appendTrail, isInTrail } from "#db/trail.ts";
import { readBody } from "../http/json-body.ts";
import type { AdminParts } from "./admin-app.ts";
import { adminBodyBytesAtMost, parsed } from "./dead-letters.ts";

/** In the trail: what a message was published again for. */
const action = "publish again";

/** A request that was taken is ended, also when its client goes away. */
const never = new AbortController().signal;

/** What a service has published, and publishes again for a reader that lost it. */
export function serveOutbox(app: Hono, { store, bus, log }: AdminParts): void {
  app.get("/outbox", async (context) => {
    const ids = parsed(outboxIds, context.req.queries("id") ?? []);
    const found = await store.read(context.req.raw.signal, async (database) => {
      return { messageIds: await knownMessageIds(database, ids), completeSinceMs: await outboxCompleteSince(database) };
    });
    return context.json(found satisfies OutboxFound);
  });

  app.post("/outbox/publish-again", async ({ req }) => {
    const { dryRun, messageIds, letter, operator, why } = await readBody(
      req.raw,
      publishAgainRequest,
      adminBodyBytesAtMost,
    );
    const result = await bus.publishAgain(never, async (tx, nowMs) => {
      const sorted = await sortIds(tx, messageIds, letter);
      const published = dryRun ? [] : sorted.published;
      for (const id of published) {
        const effect = `${id} goes out again, to all that read it`;
        await appendTrail(tx, { atMs: nowMs, operator, why, action, subject: subjectOf(id, letter), effect });
      }
      return { result: sorted, messageIds: published };
    });
    if (!dryRun && result.published.length > 0)
      log({ level: "info", message: "published again", messageIds: result.published, letter, operator });
    return Response.json(result);
  });
}

const subjectOf = (id: string, letter: string) => `${id} for ${letter}`;

/** The trail is also the guard: it is written in the transaction that publishes, and nothing is ever taken out of it. */
async function sortIds(tx: Transaction, messageIds: readonly string[], letter: string): Promise<PublishAgainResult> {
  const known = await knownMessageIds(tx, messageIds);
  const result: PublishAgainResult = { published: [], already: [], missing: [] };
  for (const id of new Set(messageIds)) {
    if (await isInTrail(tx, action, subjectOf(id, letter))) result.already.push(id);
    else if (known.includes(id)) result.published.push(id);
    else result.missing.push(id);
  }
  return result;
}
