import { Hono } from "hono";
import type { Log } from "#bus/log.ts";
import { StoreError } from "#db/errors.ts";
import { requireBearerToken } from "./bearer-token.ts";
import { ProblemError, problemResponse, unavailable } from "./problem.ts";

export interface ServiceAppOptions {
  /** All but the probes is behind it; undefined: behind nothing, so listen on the loopback address only. */
  readonly bearerToken: string | undefined;
  /** For operators, behind a token of its own, under /admin; undefined: not served. */
  readonly admin?: Hono | undefined;
  /** What is for everybody, such as files without a secret; before the token. */
  readonly open?: Hono | undefined;
  /** Why no request should be sent here now; empty: ready. */
  readonly notReady: () => readonly string[];
  /** In Prometheus' text format. */
  readonly metrics: () => string;
  readonly log: Log;
}

/** What the HTTP of every service has: probes, metrics, the token, and a problem document for each error. */
export function createServiceApp({ bearerToken, admin, open, notReady, metrics, log }: ServiceAppOptions): Hono {
  const app = new Hono();
  app.get("/live", (context) => context.json({ status: "live" }));
  app.get("/ready", (context) => {
    const reasons = notReady();
    return reasons.length === 0 ? context.json({ status: "ready" }) : problemResponse(notReadyProblem(reasons));
  });
  if (admin !== undefined) app.route("/admin", admin);
  if (open !== undefined) app.route("/", open);
  if (bearerToken !== undefined) app.use(requireBearerToken(bearerToken));
  app.get("/metrics", () => new Response(metrics(), { headers: { "content-type": "text/plain; version=0.0.4" } }));
  app.notFound((context) => {
    const detail = `${context.req.method} ${context.req.path} is nothing here`;
    return problemResponse({ kind: "not-found", status: 404, title: "Not found", detail });
  });
  app.onError((error, context) => {
    if (error instanceof ProblemError) return problemResponse(error.details);
    if (error instanceof StoreError && error.kind !== "defect" && error.kind !== "constraint") {
      log({
        level: "warn",
        message: "a request failed, as the store did",
        path: context.req.path,
        error: error.message,
      });
      return problemResponse(unavailable("The store cannot be reached or written now", 1).details);
    }
    if (error.name === "AbortError") return problemResponse(unavailable("The service is stopping", 1).details);
    log({ level: "error", message: "a request failed", path: context.req.path, error: error.stack ?? error.message });
    return problemResponse({ kind: "internal", status: 500, title: "The service failed" });
  });
  return app;
}

function notReadyProblem(reasons: readonly string[]) {
  return unavailable(reasons.join("; "), 1).details;
}
