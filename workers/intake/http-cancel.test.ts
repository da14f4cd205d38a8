import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type Cancellation, cancellation } from "#contracts/http.ts";
import { StoreError } from "#db/errors.ts";
import { problemOf } from "../testing/service-under-test.ts";
import { type IntakeUnderTest, openIntakeUnderTest, orderBody, orderOf, payment } from "./app-under-test.ts";

let intake: IntakeUnderTest;
beforeEach(async () => {
  intake = await openIntakeUnderTest();
});
afterEach(() => intake.service.remove());

const place = async () => (await orderOf(await intake.post(orderBody))).id;
const press = (id: string, headers: Readonly<Record<string, string>> = {}) =>
  intake.request(`/orders/${id}/cancel`, { method: "POST", headers });
const created = { currency: "GBP", totalMinor: 1, reservedAtMs: 1, deadlineAtMs: 2 };
const cancelled = { reason: "customer", refundedMinor: 1 } as const;

async function told(response: Response, status: number): Promise<Cancellation> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  const answer = cancellation.parse(JSON.parse(text));
  assert.equal(response.headers.get("location"), `/orders/${answer.order.id}`);
  return answer;
}

describe("POST /orders/{id}/cancel", () => {
  test("is taken before stock has answered: the request is durable, and the order says that it was made", async () => {
    const id = await place();
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    intake.service.takeHanded();
    const { state, willHappen, order } = await told(await press(id, { traceparent }), 202);
    assert.equal(state, "requested");
    assert.match(willHappen, /cancelled, or rejected/);
    assert.equal(order.status, "received");
    assert.ok(order.timeline.cancelRequestedAt);
    assert.deepEqual(await intake.outboxIds(), [`order.start/${id}`, `order.cancel.request/${id}`]);
    assert.deepEqual(
      intake.service.takeHanded().map(({ messageId, traceparent: trace }) => [messageId, trace]),
      [[`order.cancel.request/${id}`, traceparent]],
    );
  });

  test("pressed again, and by many at once, is one request with one answer", async () => {
    const id = await place();
    const answers = await Promise.all([press(id), press(id), press(id)]);
    const texts = await Promise.all([...answers, await press(id)].map((answer) => answer.text()));
    assert.equal(new Set(texts).size, 1);
    assert.deepEqual(await intake.outboxIds(), [`order.start/${id}`, `order.cancel.request/${id}`]);
  });

  test("while the payment runs says that a charge goes back; after the payment too", async () => {
    const [running, paid] = [await place(), await place()];
    await intake.news(running, "order.created", created);
    assert.match((await told(await press(running), 202)).willHappen, /if it was meanwhile, the charge is refunded/);
    await intake.news(paid, "payment.success", payment);
    intake.restart({ cancelWindowMs: 1e15 });
    const { state, willHappen } = await told(await press(paid), 202);
    assert.deepEqual(
      [state, willHappen],
      ["requested", "The charge is refunded in full, and the order ends cancelled"],
    );
  });

  test("after the window is refused, and publishes nothing; who asked within it hears the same as then", async () => {
    const [late, asked] = [await place(), await place()];
    await told(await press(asked), 202);
    for (const id of [late, asked]) await intake.news(id, "payment.success", payment);
    const { detail } = await problemOf(await press(late), 409, "cancel-window-over");
    assert.match(detail ?? "", /1970-01-01T00:00:00.007Z/);
    assert.equal((await told(await press(asked), 202)).state, "requested");
    assert.deepEqual(
      (await intake.outboxIds()).filter((id) => id.startsWith("order.cancel.request")),
      [`order.cancel.request/${asked}`],
    );
  });

  test("after the end says that there is nothing left to do, and publishes nothing", async () => {
    const [rejected, ended] = [await place(), await place()];
    await intake.news(rejected, "stock.failed", { reason: "stock-short", shortLines: [] });
    await intake.news(ended, "order.cancel", cancelled);
    assert.equal((await told(await press(rejected), 200)).state, "ended");
    assert.equal((await told(await press(ended), 200)).order.status, "cancelled");
    assert.equal((await intake.outboxIds()).length, 2);
  });

  test("of no order is 404", async () => {
    await problemOf(await press("01890000-0000-7000-8000-000000000001"), 404, "not-found");
    await problemOf(await press("x"), 404, "not-found");
  });

  test("is taken while no more orders are, since it makes them fewer", async () => {
    const id = await place();
    intake.restart({ ordersInFlightAtMost: 1 });
    await problemOf(await intake.post(orderBody), 429, "too-many-orders");
    await told(await press(id), 202);
  });

  test("that the store did not take is answered 503, and nothing of it is there", async () => {
    const id = await place();
    intake.service.beforeCommit = () => {
      throw new StoreError("disk full", "transient", "SQLITE_FULL");
    };
    await problemOf(await press(id), 503, "unavailable");
    assert.deepEqual(await intake.outboxIds(), [`order.start/${id}`]);
  });
});

describe("GET /orders/{id}?wait= of a paid order that is cancelled", () => {
  test("waits for the cancel: that is its end, the payment was not", async () => {
    const id = await place();
    await press(id);
    await intake.news(id, "payment.success", payment);
    let answered = false;
    const waiting = intake.request(`/orders/${id}?wait=30s`).finally(() => (answered = true));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(answered, false);
    await intake.news(id, "order.cancel", cancelled);
    assert.equal((await orderOf(await waiting)).status, "cancelled");
  });
});
