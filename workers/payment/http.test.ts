import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { asc } from "drizzle-orm";
import type { Hono } from "hono";
import { migrations } from "#db/payment/migrations.ts";
import { accounts, requests, transfers } from "#db/payment/schema.ts";
import { sampleMessages } from "../testing/sample-messages.ts";
import { openServiceUnderTest, problemOf, type ServiceUnderTest } from "../testing/service-under-test.ts";
import { paymentHandler } from "./handlers.ts";
import { createPaymentApp } from "./http.ts";

const { signal } = new AbortController();
let service: ServiceUnderTest;
let app: Hono;

beforeEach(async () => {
  service = await openServiceUnderTest("payment", migrations);
  const { store, log } = service;
  app = createPaymentApp({ store, bearerToken: undefined, notReady: () => [], metrics: () => "", log });
});
afterEach(() => service.remove());

function topUp(key: string | undefined, currency: string, ...topUps: [string, number][]): Promise<Response> {
  const content = { currency, topUps: topUps.map(([customerId, amountMinor]) => ({ customerId, amountMinor })) };
  const headers = { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) };
  return Promise.resolve(app.request("/top-ups", { method: "POST", body: JSON.stringify(content), headers }));
}
const held = async () => {
  const rows = await service.store.read(signal, (db) => db.select().from(accounts).orderBy(asc(accounts.customerId)));
  return rows.map(({ customerId, currency, balanceMinor }) => [customerId, currency, balanceMinor]);
};
const ledger = () => service.store.read(signal, (db) => db.select().from(transfers).orderBy(asc(transfers.transferId)));
const keys = async () => (await service.store.read(signal, (db) => db.select().from(requests))).length;

describe("POST /top-ups", () => {
  test("opens accounts and adds money once however often it is sent, each a ledger entry", async () => {
    for (let n = 0; n < 3; n++) assert.equal((await topUp("1", "GBP", ["a", 100], ["b", 1], ["a", 20])).status, 204);
    await topUp("2", "GBP", ["a", 3]);
    assert.deepEqual(await held(), [
      ["a", "GBP", 123],
      ["b", "GBP", 1],
    ]);
    const entry = { orderId: null, debit: "bank/deposits", currency: "GBP" };
    assert.deepEqual(
      (await ledger()).map(({ atMs: _atMs, ...row }) => row),
      [
        { transferId: "top-up/1/a", credit: "customer/a", amountMinor: 120, ...entry },
        { transferId: "top-up/1/b", credit: "customer/b", amountMinor: 1, ...entry },
        { transferId: "top-up/2/a", credit: "customer/a", amountMinor: 3, ...entry },
      ],
    );
    assert.deepEqual(await (await app.request("/accounts/a")).json(), {
      customerId: "a",
      currency: "GBP",
      balanceMinor: 123,
    });
    await problemOf(await app.request("/accounts/c"), 404, "not-found");
  });

  test("puts money into the ledger account that orders are charged to", async () => {
    const [request] = sampleMessages("payment.request", 1);
    assert.ok(request);
    const { customerId } = request.event.data;
    await topUp("1", "GBP", [customerId, 500]);
    await service.store.write(signal, (tx) => paymentHandler.handle(tx, [request], 1));
    const [charge, deposit] = await ledger();
    assert.deepEqual([charge?.debit, charge?.amountMinor], [deposit?.credit, 500]);
    assert.deepEqual(await held(), [[customerId, "GBP", 0]]);
  });

  test("tops up all or none when an account is in another currency, and leaves the key unused", async () => {
    await topUp("1", "EUR", ["a", 100]);
    const { errors } = await problemOf(await topUp("2", "GBP", ["b", 1], ["a", 1]), 422, "rule-broken");
    assert.deepEqual(
      errors?.map(({ pointer }) => pointer),
      ["#/currency"],
    );
    assert.deepEqual([await held(), (await ledger()).length, await keys()], [[["a", "EUR", 100]], 1, 1]);
  });

  test("refuses a balance that cannot be counted exactly, and a key that was used for another body", async () => {
    await topUp("1", "GBP", ["a", Number.MAX_SAFE_INTEGER]);
    const { errors } = await problemOf(await topUp("2", "GBP", ["a", 1]), 422, "rule-broken");
    assert.deepEqual(
      errors?.map(({ pointer }) => pointer),
      ["#/topUps/0/amountMinor"],
    );
    await problemOf(await topUp("1", "GBP", ["a", 1]), 422, "key-reused");
    assert.deepEqual(await held(), [["a", "GBP", Number.MAX_SAFE_INTEGER]]);
  });

  test("adds what comes at one time", async () => {
    await Promise.all(Array.from({ length: 20 }, (_, n) => topUp(String(n), "GBP", ["a", 1])));
    assert.deepEqual(await held(), [["a", "GBP", 20]]);
  });

  test("is refused without a key and with wrong fields", async () => {
    await problemOf(await topUp(undefined, "GBP", ["a", 1]), 400, "invalid-request");
    const { errors } = await problemOf(await topUp("1", "gbp", ["a", 0]), 400, "invalid-request");
    assert.deepEqual(
      errors?.map(({ pointer }) => pointer),
      ["#/currency", "#/topUps/0/amountMinor"],
    );
    assert.deepEqual([await held(), await keys()], [[], 0]);
  });
});
