import { Hono } from "hono";
import type { BatchHandler } from "#bus/batch-handler.ts";
import type { Log } from "#bus/log.ts";
import type { Bus } from "#bus/start-bus.ts";
import type { Store } from "#db/open-store.ts";
import { requireBearerToken } from "../http/bearer-token.ts";
import { serveDeadLetters } from "./dead-letters.ts";
import { serveOutbox } from "./outbox.ts";
import { serveTrail } from "./trail.ts";
import { serveUndone } from "./undone.ts";

/** What the operations of a service's operators work on. */
export interface AdminParts {
  readonly store: Store;
  readonly bus: Pick<Bus, "write" | "publishAgain">;
  readonly handler: BatchHandler;
  readonly log: Log;
}

/** What operators see of a service and do to it. Each route adds itself; errors are answered by the app that this is mounted in. */
export function createAdminApp(token: string, parts: AdminParts): Hono {
  const app = new Hono();
  app.use(requireBearerToken(token));
  serveTrail(app, parts);
  serveDeadLetters(app, parts);
  serveOutbox(app, parts);
  serveUndone(app, parts);
  return app;
}
