import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { ProblemError } from "./problem.ts";

/** Lets through only requests that carry this token. */
export function requireBearerToken(token: string): MiddlewareHandler {
  // Digests are equally long, so the time of a comparison tells nothing.
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const expected = digest(`Bearer ${token}`);
  return (context, next) => {
    const header = context.req.header("authorization");
    if (header !== undefined && timingSafeEqual(digest(header), expected)) return next();
    const headers = { "www-authenticate": "Bearer" };
    throw new ProblemError({ kind: "unauthorized", status: 401, title: "A valid bearer token is required", headers });
  };
}
