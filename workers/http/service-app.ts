import { createHash, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import type { Log } from "#bus/log.ts";
import { StoreError } from "#db/errors.ts";
import { ProblemError, problemResponse, unavailable } from "./problem.ts";

export interface ServiceAppOptions {
  /** All but the probes is behind it; undefined: behind nothing, so listen on the loopback address only. */
  readonly bearerToken: string | undefined;
  /** Why no request should be sent here now; empty: ready. */
  readonly notReady: () => readonly string[];
  /** In Prometheus' text format. */
  readonly metrics: () => string;
  readonly log: Log;
}

/** What the HTTP of every service has: probes, metrics, the token, and a problem document for each error. */
export function createServiceApp({ bearerToken, notReady, metrics, log }: ServiceAppOptions): Hono {
  const app = new Hono();
  app.get("/live", (context) => context.json({ status: "live" }));
  app.get("/ready", (context) => {
    const reasons = notReady();
    return reasons.length === 0 ? context.json({ status: "ready" }) : problemResponse(notReadyProblem(reasons));
  });
  if (bearerToken !== undefined) {
    const isToken = tokenCheck(bearerToken);
    app.use((context, next) => {
      if (isToken(context.req.header("authorization"))) return next();
      const headers = { "www-authenticate": "Bearer" };
      throw new ProblemError({ kind: "unauthorized", status: 401, title: "A valid bearer token is required", headers });
    });
  }
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

function tokenCheck(token: string): (header: string | undefined) => boolean {
  // Digests are equally long, so the time of a comparison tells nothing.
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const expected = digest(`Bearer ${token}`);
  return (header) => header !== undefined && timingSafeEqual(digest(header), expected);
}
