import type { Hono } from "hono";
import type { UndonePage } from "#contracts/admin.ts";
import { findUndone } from "#db/undone.ts";
import type { AdminParts } from "./admin-app.ts";

const undoneAtMost = 1_000;

/** `GET /undone`: compensations that this service could not do. */
export function serveUndone(app: Hono, { store }: Pick<AdminParts, "store">): void {
  app.get("/undone", async (context) => {
    const undone = await store.read(context.req.raw.signal, (database) => findUndone(database));
    return context.json({ total: undone.length, undone: undone.slice(0, undoneAtMost) } satisfies UndonePage);
  });
}
