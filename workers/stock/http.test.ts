import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { asc } from "drizzle-orm";
import type { Hono } from "hono";
import { migrations } from "#db/stock/migrations.ts";
import { orderGoods } from "#contracts/http.ts";
import { orders, products, requests, restocks } from "#db/stock/schema.ts";
import { openServiceUnderTest, problemOf, type ServiceUnderTest } from "../testing/service-under-test.ts";
import { createStockApp } from "./http.ts";

const { signal } = new AbortController();
let service: ServiceUnderTest;
let app: Hono;

beforeEach(async () => {
  service = await openServiceUnderTest("stock", migrations);
  const { store, log } = service;
  app = createStockApp({ store, bearerToken: undefined, notReady: () => [], metrics: () => "", log });
});
afterEach(() => service.remove());

function send(method: "PUT" | "POST", path: string, content: unknown, key?: string): Promise<Response> {
  const headers = { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) };
  return Promise.resolve(app.request(path, { method, body: JSON.stringify(content), headers }));
}
const price = (key: string, ...prices: [string, number][]) =>
  send("PUT", "/prices", { prices: prices.map(([productId, priceMinor]) => ({ productId, priceMinor })) }, key);
const restock = (key: string, ...items: [string, number][]) =>
  send("POST", "/restocks", { items: items.map(([productId, quantity]) => ({ productId, quantity })) }, key);
const shelf = async () => {
  const rows = await service.store.read(signal, (db) => db.select().from(products).orderBy(asc(products.productId)));
  return rows.map(({ productId, available, priceMinor }) => [productId, available, priceMinor]);
};
const came = () => service.store.read(signal, (db) => db.select().from(restocks).orderBy(asc(restocks.productId)));
const keys = async () => (await service.store.read(signal, (db) => db.select().from(requests))).length;

describe("PUT /prices", () => {
  test("makes products known with nothing on the shelf, and changes prices of known ones", async () => {
    assert.equal((await price("1", ["a", 100], ["b/2", 0])).status, 204);
    await restock("2", ["a", 5]);
    assert.equal((await price("3", ["a", 120])).status, 204);
    assert.deepEqual(await shelf(), [
      ["a", 5, 120],
      ["b/2", 0, 0],
    ]);
    const shown = await app.request(`/products/${encodeURIComponent("b/2")}`);
    assert.deepEqual(await shown.json(), { productId: "b/2", available: 0, priceMinor: 0 });
    await problemOf(await app.request("/products/c"), 404, "not-found");
  });

  test("sent again changes nothing, also when another price was set since", async () => {
    await price("1", ["a", 100]);
    await price("2", ["a", 120]);
    assert.equal((await price("1", ["a", 100])).status, 204);
    assert.deepEqual(await shelf(), [["a", 0, 120]]);
  });

  test("refuses two prices for one product, and a key that was used for another body", async () => {
    const { errors } = await problemOf(await price("1", ["a", 1], ["b", 2], ["a", 3]), 422, "rule-broken");
    assert.deepEqual(
      errors?.map(({ pointer }) => pointer),
      ["#/prices/2"],
    );
    assert.deepEqual([await shelf(), await keys()], [[], 0]);
    await price("1", ["a", 1]);
    await problemOf(await price("1", ["a", 2]), 422, "key-reused");
    await problemOf(await restock("1", ["a", 1]), 422, "key-reused");
    assert.deepEqual(await shelf(), [["a", 0, 1]]);
  });
});

describe("POST /restocks", () => {
  test("adds pieces once however often it is sent, and keeps that they came", async () => {
    await price("p", ["a", 100], ["b", 100]);
    for (let n = 0; n < 3; n++) assert.equal((await restock("1", ["a", 5], ["b", 1], ["a", 2])).status, 204);
    await restock("2", ["a", 1]);
    assert.deepEqual(await shelf(), [
      ["a", 8, 100],
      ["b", 1, 100],
    ]);
    assert.deepEqual(await came(), [
      { idempotencyKey: "1", productId: "a", quantity: 7 },
      { idempotencyKey: "2", productId: "a", quantity: 1 },
      { idempotencyKey: "1", productId: "b", quantity: 1 },
    ]);
  });

  test("stocks all or nothing when a product is unknown, and leaves the key unused", async () => {
    await price("p", ["a", 100]);
    const { errors } = await problemOf(await restock("1", ["a", 5], ["x", 1]), 422, "rule-broken");
    assert.deepEqual(
      errors?.map(({ pointer }) => pointer),
      ["#/items/1/productId"],
    );
    assert.deepEqual([await shelf(), await came()], [[["a", 0, 100]], []]);
    assert.equal((await restock("1", ["a", 5])).status, 204);
  });

  test("counts pieces that come at one time", async () => {
    await price("p", ["a", 100]);
    await Promise.all(Array.from({ length: 20 }, (_, n) => restock(String(n), ["a", 1])));
    assert.deepEqual(await shelf(), [["a", 20, 100]]);
  });

  test("refuses more than can be counted exactly", async () => {
    await price("p", ["a", 100]);
    await service.store.write(signal, (tx) => tx.update(products).set({ available: Number.MAX_SAFE_INTEGER - 1 }));
    await problemOf(await restock("1", ["a", 2]), 422, "rule-broken");
    assert.equal((await restock("2", ["a", 1])).status, 204);
  });

  test("is refused without a key, with wrong fields, and with too many", async () => {
    await problemOf(
      await send("POST", "/restocks", { items: [{ productId: "a", quantity: 1 }] }),
      400,
      "invalid-request",
    );
    const { errors } = await problemOf(await restock("1", ["a", 0], ["", 1]), 400, "invalid-request");
    assert.deepEqual(
      errors?.map(({ pointer }) => pointer),
      ["#/items/0/quantity", "#/items/1/productId"],
    );
    const many = Array.from({ length: 1_001 }, (_, n): [string, number] => [`p${n}`, 1]);
    await problemOf(await restock("1", ...many), 400, "invalid-request");
    assert.equal(await keys(), 0);
  });

  test("takes as many statements for 1 product as for 1,000", async () => {
    const counts: number[] = [];
    for (const count of [1, 1_000]) {
      const ids = Array.from({ length: count }, (_, n): [string, number] => [`p${n}`, 1]);
      await price(`p${count}`, ...ids);
      service.takeStatements();
      await restock(`r${count}`, ...ids);
      counts.push(service.takeStatements().length);
    }
    assert.deepEqual(counts, [4, 4]);
  });
});

describe("GET /orders/:id", () => {
  const row = { lines: [{ productId: "a", quantity: 2 }], reservedAtMs: 1_000 };
  const ask = (orderId: string) => Promise.resolve(app.request(`/orders/${orderId}`));
  const keep = (order: typeof orders.$inferInsert) =>
    service.store.write(signal, async (tx) => void (await tx.insert(orders).values(order)));

  test("says when an order's goods were sold and given back, which stock publishes nowhere", async () => {
    const [held, back] = ["01890000-0000-7000-8000-000000000001", "01890000-0000-7000-8000-000000000002"] as const;
    await keep({ ...row, orderId: held, status: "reserved" });
    await keep({
      ...row,
      orderId: back,
      status: "released",
      reason: "customer",
      soldAtMs: 2_000,
      rolledBackAtMs: 3_000,
    });
    assert.deepEqual(orderGoods.parse(await (await ask(held)).json()), { status: "reserved" });
    assert.deepEqual(orderGoods.parse(await (await ask(back)).json()), {
      status: "released",
      soldAt: "1970-01-01T00:00:02.000Z",
      releasedAt: "1970-01-01T00:00:03.000Z",
    });
  });

  test("is 404 for an order that stock has not seen", async () => {
    await problemOf(await ask("01890000-0000-7000-8000-000000000003"), 404, "not-found");
  });
});
