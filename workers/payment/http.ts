import type { Hono } from "hono";
import * as z from "zod";
import { topUpRequest } from "#contracts/http.ts";
import type { Store } from "#db/open-store.ts";
import { requiredKeyOf } from "../http/idempotent-requests.ts";
import { readBody } from "../http/json-body.ts";
import { notFound } from "../http/problem.ts";
import { createServiceApp, type ServiceAppOptions } from "../http/service-app.ts";
import { paymentOpenApi } from "./openapi.ts";
import { readAccount, topUp } from "./top-ups.ts";

export interface PaymentHttpOptions extends ServiceAppOptions {
  readonly store: Store;
}

/** A thousand entries of the longest ids take half of it. */
const bodyBytesAtMost = 256 * 1024;

const topUps = z.compile(topUpRequest, { strict: true });

/** Customers' accounts. Nothing of it is published, so it is written without the bus. */
export function createPaymentApp(options: PaymentHttpOptions): Hono {
  const { store } = options;
  const app = createServiceApp(options);
  const openApi = paymentOpenApi();
  app.get("/openapi.json", (context) => context.json(openApi));
  app.post("/top-ups", async ({ req: { raw } }) => {
    const key = requiredKeyOf(raw);
    const request = await readBody(raw, topUps, bodyBytesAtMost);
    await store.write(raw.signal, (tx) => topUp(tx, key, request, Date.now()));
    return new Response(null, { status: 204 });
  });
  app.get("/accounts/:id", async (context) => {
    const id = context.req.param("id");
    const account = await store.read(context.req.raw.signal, (database) => readAccount(database, id));
    if (account === undefined) throw notFound(`There is no account of ${id}`);
    return context.json(account);
  });
  return app;
}
