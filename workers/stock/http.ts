import type { Hono } from "hono";
import * as z from "zod";
import { priceRequest, restockRequest } from "#contracts/http.ts";
import type { Store } from "#db/open-store.ts";
import { requiredKeyOf } from "../http/idempotent-requests.ts";
import { readBody } from "../http/json-body.ts";
import { notFound } from "../http/problem.ts";
import { createServiceApp, type ServiceAppOptions } from "../http/service-app.ts";
import { readGoods } from "./order-goods.ts";
import { stockOpenApi } from "./openapi.ts";
import { readProduct, restock, setPrices } from "./shelves.ts";

export interface StockHttpOptions extends ServiceAppOptions {
  readonly store: Store;
}

/** A thousand entries of the longest ids take half of it. */
const bodyBytesAtMost = 256 * 1024;

const prices = z.compile(priceRequest, { strict: true });
const restocked = z.compile(restockRequest, { strict: true });

/** What whoever runs the shop tells stock. Nothing of it is published, so it is written without the bus. */
export function createStockApp(options: StockHttpOptions): Hono {
  const { store } = options;
  const app = createServiceApp(options);
  const openApi = stockOpenApi();
  app.get("/openapi.json", (context) => context.json(openApi));
  app.put("/prices", async ({ req: { raw } }) => {
    const key = requiredKeyOf(raw);
    const request = await readBody(raw, prices, bodyBytesAtMost);
    await store.write(raw.signal, (tx) => setPrices(tx, key, request, Date.now()));
    return new Response(null, { status: 204 });
  });
  app.post("/restocks", async ({ req: { raw } }) => {
    const key = requiredKeyOf(raw);
    const request = await readBody(raw, restocked, bodyBytesAtMost);
    await store.write(raw.signal, (tx) => restock(tx, key, request, Date.now()));
    return new Response(null, { status: 204 });
  });
  app.get("/products/:id", async (context) => {
    const id = context.req.param("id");
    const product = await store.read(context.req.raw.signal, (database) => readProduct(database, id));
    if (product === undefined) throw notFound(`There is no product ${id}`);
    return context.json(product);
  });
  app.get("/orders/:id", async (context) => {
    const id = context.req.param("id");
    const goods = await store.read(context.req.raw.signal, (database) => readGoods(database, id));
    if (goods === undefined) throw notFound(`Stock has not seen an order ${id}`);
    return context.json(goods);
  });
  return app;
}
