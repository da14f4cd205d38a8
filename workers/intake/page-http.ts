import { Hono } from "hono";
import { type BuiltFile, readBuiltPage } from "#dashboard/built-page.ts";

/** Paths that the page itself knows how to show. */
const pagePaths = ["/", "/find", "/order/:id", "/dead-letters", "/dead-letters/:service/:id", "/try"];

/** Nothing is loaded from, sent to or embedded by any other origin, and no script is run that is not in our file. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const headers = {
  "content-security-policy": contentSecurityPolicy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  // The same name has another content after an update; asked with the tag, it costs an answer without a body.
  "cache-control": "no-cache",
  vary: "accept-encoding",
};

/** The live page's files: they hold no secret, what they show comes from the services. */
export function createPageApp(): Hono {
  const app = new Hono();
  const page = readBuiltPage();
  if (page === undefined) {
    const why = 'The page is not built: run "npm run setup" in the project, and start intake again.\n';
    for (const path of pagePaths) app.get(path, () => new Response(why, { status: 503 }));
    return app;
  }
  const [index, ...rest] = Object.entries(page.files).toSorted(([a], [b]) => a.localeCompare(b));
  for (const path of pagePaths) if (index !== undefined) app.get(path, serveFile(index[1]));
  for (const [path, file] of rest) app.get(path, serveFile(file));
  return app;
}

function serveFile({ type, etag, ...contents }: BuiltFile) {
  const bodies = {
    content: Buffer.from(contents.content, "base64"),
    br: Buffer.from(contents.brotli, "base64"),
    gzip: Buffer.from(contents.gzip, "base64"),
  };
  return ({ req: { raw } }: { req: { raw: Request } }): Response => {
    const common = { ...headers, etag, "content-type": type };
    if (raw.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers: common });
    const accepted = raw.headers.get("accept-encoding") ?? "";
    const encoding = (["br", "gzip"] as const).find((name) => accepted.includes(name));
    if (encoding === undefined) return new Response(bodies.content, { headers: common });
    return new Response(bodies[encoding], { headers: { ...common, "content-encoding": encoding } });
  };
}
