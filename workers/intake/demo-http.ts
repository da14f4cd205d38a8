import { Hono } from "hono";
import { demo } from "#contracts/demo.ts";
import { notFound, unavailable } from "../http/problem.ts";

/** A page of another origin cannot send it without asking, and is refused then. */
export const demoHeader = "x-orderwright-demo";

/**
 * What the page of `npm start` offers beside the shop: orders to place, and parts to break. It is passed on to the process that
 * runs them, whose address only this one knows.
 */
export function createDemoApp(controlUrl: string): Hono {
  const app = new Hono();
  const ask = async (path: string, method: "GET" | "POST"): Promise<Response> => {
    try {
      return await fetch(`${controlUrl}${path}`, { method, signal: AbortSignal.timeout(5_000) });
    } catch {
      throw unavailable("The process that runs this shop does not answer", 1);
    }
  };
  app.get("/demo", async (context) => context.json(demo.parse(await (await ask("", "GET")).json())));
  app.post("/demo/:part/:how", async (context) => {
    const { part, how } = context.req.param();
    const isOurs = context.req.header(demoHeader) !== undefined && /^[a-z]+$/.test(part) && /^[a-z]+$/.test(how);
    const answer = isOurs ? await ask(`/${part}/${how}`, "POST") : undefined;
    if (answer?.status !== 202) throw notFound(`There is nothing here to ${how} that is called ${part}`);
    return context.json({}, 202);
  });
  return app;
}
