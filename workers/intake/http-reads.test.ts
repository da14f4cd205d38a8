import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type OrderPage, orderPage } from "#contracts/http.ts";
import { problemOf } from "../testing/service-under-test.ts";
import { type IntakeUnderTest, openIntakeUnderTest, orderBody, orderOf, payment } from "./app-under-test.ts";

let intake: IntakeUnderTest;
beforeEach(async () => {
  intake = await openIntakeUnderTest();
});
afterEach(() => intake.service.remove());

describe("GET /orders/{id}", () => {
  test("shows the order as far as seen, with the time of each fact", async () => {
    const { id } = await orderOf(await intake.post(orderBody));
    const shortLines = [{ productId: "p1", quantity: 2, available: 1 }];
    await intake.news(id, "stock.failed", { reason: "stock-short", shortLines });
    const order = await orderOf(await intake.request(`/orders/${id}`));
    assert.deepEqual([order.status, order.reason, order.shortLines], ["rejected", "stock-short", shortLines]);
    assert.equal(order.timeline.rejectedAt, new Date(7).toISOString());
  });

  test("waits until the order has ended, when asked to", async () => {
    const { id } = await orderOf(await intake.post(orderBody));
    let answered = false;
    const waiting = intake.request(`/orders/${id}?wait=30s`).finally(() => (answered = true));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(answered, false);
    await intake.news(id, "payment.success", payment);
    assert.equal((await orderOf(await waiting)).status, "paid");
  });

  test("gives what is known when the wait is over before the order is", async () => {
    const { id } = await orderOf(await intake.post(orderBody));
    assert.equal((await orderOf(await intake.request(`/orders/${id}?wait=20ms`))).status, "received");
    await problemOf(await intake.request(`/orders/${id}?wait=soon`), 400, "invalid-request");
  });

  test("is 404 for what is no order, with the id or without sense", async () => {
    await problemOf(await intake.request("/orders/01890000-0000-7000-8000-000000000001"), 404, "not-found");
    await problemOf(await intake.request("/orders/x"), 404, "not-found");
    await problemOf(await intake.request("/nothing"), 404, "not-found");
    const described = (await (await intake.request("/openapi.json")).json()) as { paths: object };
    assert.deepEqual(Object.keys(described.paths), [
      "/orders",
      "/orders/{id}",
      "/orders/{id}/cancel",
      "/orders/{id}/goods",
      "/orders/{id}/events",
      "/events",
    ]);
  });
});

describe("GET /orders?customer=", () => {
  test("pages through a customer's orders, newest first, each once", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.push((await orderOf(await intake.post(orderBody))).id);
    await intake.post({ ...orderBody, customerId: "c2" });
    const seen: string[] = [];
    let next: string | undefined = "";
    while (next !== undefined) {
      const cursor: string = next === "" ? "" : `&cursor=${next}`;
      const response = await intake.request(`/orders?customer=c1&limit=2${cursor}`);
      const page: OrderPage = orderPage.parse(await response.json());
      assert.ok(page.orders.length <= 2);
      seen.push(...page.orders.map(({ id }) => id));
      next = page.next;
    }
    assert.deepEqual(seen, ids.toReversed());
  });

  test("finds by key, state and reason together, and the newest when nothing is asked for", async () => {
    const post = async (customerId: string, key: string) =>
      (await orderOf(await intake.post({ ...orderBody, customerId }, { "idempotency-key": key }))).id;
    const [short, open, other] = [await post("c1", "536365"), await post("c1", "536366"), await post("c2", "536365")];
    await intake.news(short, "stock.failed", { reason: "stock-short", shortLines: [] });
    await intake.news(other, "stock.failed", { reason: "unknown-product", shortLines: [] });
    const found = async (query: string) => {
      const { orders } = orderPage.parse(await (await intake.request(`/orders?${query}`)).json());
      return orders.map(({ id }) => id);
    };
    assert.deepEqual(await found("key=536365"), [other, short]);
    assert.deepEqual(await found("key=536365&customer=c1"), [short]);
    assert.deepEqual(await found("status=rejected&reason=stock-short"), [short]);
    assert.deepEqual(await found("status=received"), [open]);
    assert.deepEqual(await found("limit=2"), [other, open]);
  });

  test("says what is wrong with a query", async () => {
    for (const query of [
      "?status=gone",
      "?reason=none",
      "?customer=c1&limit=0",
      "?customer=c1&limit=x",
      "?customer=c1&cursor=2",
    ]) {
      const { detail } = await problemOf(await intake.request(`/orders${query}`), 400, "invalid-request");
      assert.match(detail ?? "", /status|reason|limit|cursor/);
    }
  });
});

describe("a service with a bearer token", () => {
  test("lets in who has it, and probes", async () => {
    intake.restart({ bearerToken: "secret" });
    for (const headers of [{}, { authorization: "Bearer secret2" }, { authorization: "secret" }]) {
      await problemOf(await intake.post(orderBody, headers), 401, "unauthorized");
      await problemOf(await intake.request("/metrics", { headers }), 401, "unauthorized");
    }
    assert.equal((await intake.post(orderBody, { authorization: "Bearer secret" })).status, 202);
    assert.equal(
      await (await intake.request("/metrics", { headers: { authorization: "Bearer secret" } })).text(),
      "orders 1\n",
    );
    assert.deepEqual([(await intake.request("/live")).status, (await intake.request("/ready")).status], [200, 200]);
  });
});
