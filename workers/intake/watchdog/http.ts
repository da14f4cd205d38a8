import type { Hono } from "hono";
import type { StuckPage } from "#contracts/admin.ts";
import type { Watchdog } from "./watchdog.ts";

const ordersAtMost = 1_000;

/** `GET /stuck`: orders that do not go on, and what each waits for. */
export function serveStuck(app: Hono, watchdog: Pick<Watchdog, "stuck" | "lookedAtMs">): void {
  app.get("/stuck", (context) => {
    const stuck = watchdog.stuck();
    const orders = stuck.slice(0, ordersAtMost).map((order) => ({ ...order }));
    return context.json({ lookedAtMs: watchdog.lookedAtMs() ?? null, total: stuck.length, orders } satisfies StuckPage);
  });
}
