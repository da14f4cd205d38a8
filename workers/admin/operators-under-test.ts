// For tests only.
import type { Hono } from "hono";

export const ann = { operator: "ann", why: "a corrupt copy", dryRun: false };
export const adminToken = "operators";

const authorization = `Bearer ${adminToken}`;

export function ask(app: Hono, path: string): Promise<Response> {
  return Promise.resolve(app.request(`/admin${path}`, { headers: { authorization } }));
}

export function tell(app: Hono, path: string, body: object): Promise<Response> {
  const headers = { authorization, "content-type": "application/json" };
  return Promise.resolve(app.request(`/admin${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
}
