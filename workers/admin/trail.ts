import type { Hono } from "hono";
import type { TrailPage } from "#contracts/admin.ts";
import { readTrail } from "#db/trail.ts";
import type { AdminParts } from "./admin-app.ts";

const entriesAtMost = 1_000;

/** `GET /trail`: what operators have done, the newest first. */
export function serveTrail(app: Hono, { store }: Pick<AdminParts, "store">): void {
  app.get("/trail", async (context) => {
    const entries = await store.read(context.req.raw.signal, (database) => readTrail(database, entriesAtMost));
    return context.json({ entries } satisfies TrailPage);
  });
}
