import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { OrderView } from "#contracts/http.ts";
import { StoreError } from "#db/errors.ts";
import { problemOf } from "../testing/service-under-test.ts";
import { type IntakeUnderTest, openIntakeUnderTest, orderBody, orderOf, payment } from "./app-under-test.ts";

let intake: IntakeUnderTest;
beforeEach(async () => {
  intake = await openIntakeUnderTest();
});
afterEach(() => intake.service.remove());

describe("POST /orders", () => {
  test("answers 202 with where the order is, once its row and its order.start are durable together", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const response = await intake.post(orderBody, { traceparent });
    assert.equal(response.status, 202);
    const order = await orderOf(response);
    assert.equal(response.headers.get("location"), `/orders/${order.id}`);
    assert.equal(order.status, "received");
    const [row, ...others] = await intake.rows();
    assert.deepEqual([row?.orderId, row?.status, row?.lines, others], [order.id, "received", orderBody.lines, []]);
    assert.deepEqual(await intake.outboxIds(), [`order.start/${order.id}`]);
    const [handed] = intake.service.takeHanded();
    assert.deepEqual([handed?.messageId, handed?.traceparent], [`order.start/${order.id}`, traceparent]);
    const event = JSON.parse(Buffer.from(handed?.value ?? []).toString()) as { data: unknown };
    assert.deepEqual(event.data, orderBody);
  });

  test("starts a trace where none or a broken one came, so that every order can be followed", async () => {
    await intake.post(orderBody, { traceparent: "00-00000000000000000000000000000000-b7ad6b7169203331-01" });
    assert.match(intake.service.takeHanded()[0]?.traceparent ?? "", /^00-(?!0{32})[\da-f]{32}-[\da-f]{16}-01$/);
  });

  test("merges lines of one product, as stock decides on one line a product", async () => {
    const order = await orderOf(
      await intake.post({
        ...orderBody,
        lines: [...orderBody.lines, { productId: "p2", quantity: 1 }, ...orderBody.lines],
      }),
    );
    assert.deepEqual(order.lines, [
      { productId: "p1", quantity: 4 },
      { productId: "p2", quantity: 1 },
    ]);
  });

  test("makes an order each time without a key", async () => {
    await intake.post(orderBody);
    await intake.post(orderBody);
    assert.equal((await intake.rows()).length, 2);
  });
});

describe("POST /orders with an Idempotency-Key that was used", () => {
  const headers = { "idempotency-key": "key-1" };

  test("gives the first answer again, whatever became of the order, and makes no other", async () => {
    const first = await intake.post(orderBody, headers);
    const text = await first.text();
    const { id } = JSON.parse(text) as OrderView;
    await intake.news(id, "order.created", { currency: "GBP", totalMinor: 1, reservedAtMs: 1, deadlineAtMs: 2 });
    const again = await intake.post(
      `{"lines": [{"quantity": 2, "productId": "p1"}], "currency": "GBP", "customerId": "c1", "x": 1}`,
      headers,
    );
    assert.deepEqual([again.status, again.headers.get("location"), await again.text()], [202, `/orders/${id}`, text]);
    assert.equal((await intake.rows()).length, 1);
    assert.deepEqual(await intake.outboxIds(), [`order.start/${id}`]);
  });

  test("refuses another orderBody, as one of the two would be lost", async () => {
    await intake.post(orderBody, headers);
    await problemOf(await intake.post({ ...orderBody, currency: "EUR" }, headers), 422, "key-reused");
    assert.equal((await intake.rows()).length, 1);
  });

  test("by another customer makes another order: a key is the customer's own", async () => {
    await intake.post(orderBody, headers);
    assert.equal((await intake.post({ ...orderBody, customerId: "c2" }, headers)).status, 202);
    assert.equal((await intake.rows()).length, 2);
  });

  test("makes one order of many requests at one time", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => intake.post(orderBody, headers)));
    const texts = new Set(await Promise.all(answers.map((answer) => answer.text())));
    assert.equal(texts.size, 1);
    assert.equal((await intake.rows()).length, 1);
  });
});

describe("POST /orders by many at one time", () => {
  test("shares commits: three statements a transaction, whatever the number of requests", async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    let commits = 0;
    intake.service.beforeCommit = () => {
      commits += 1;
      return commits === 1 ? released : undefined;
    };
    const first = intake.post(orderBody, { "idempotency-key": "0" });
    const others = Array.from({ length: 200 }, (_, n) => intake.post(orderBody, { "idempotency-key": String(n + 1) }));
    while (commits === 0) await new Promise((resolve) => setImmediate(resolve));
    // Turns enough for each request to be read, and to wait for the next commit.
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    intake.service.takeStatements();
    release();
    for (const answer of await Promise.all([first, ...others])) assert.equal(answer.status, 202);
    assert.ok(commits <= 3, `${commits} commits`);
    assert.equal((await intake.rows()).length, 201);
    assert.equal(new Set(await intake.outboxIds()).size, 201);
    assert.ok(intake.service.takeStatements().length <= 6);
  });
});

describe("POST /orders that is not as it must be", () => {
  const refusals: readonly [string, unknown, string[]][] = [
    ["a missing field", { currency: "GBP", lines: orderBody.lines }, ["#/customerId"]],
    [
      "a wrong currency and quantity",
      { ...orderBody, currency: "pounds", lines: [{ productId: "p", quantity: 0 }] },
      ["#/currency", "#/lines/0/quantity"],
    ],
    ["a fraction of a piece", { ...orderBody, lines: [{ productId: "p", quantity: 1.5 }] }, ["#/lines/0/quantity"]],
    ["no lines", { ...orderBody, lines: [] }, ["#/lines"]],
    [
      "too many lines",
      { ...orderBody, lines: Array.from({ length: 1_001 }, (_, n) => ({ productId: `p${n}`, quantity: 1 })) },
      ["#/lines"],
    ],
    [
      "more of one product than one line may have",
      {
        ...orderBody,
        lines: [
          { productId: "p", quantity: 1e6 },
          { productId: "p", quantity: 1 },
        ],
      },
      ["#/lines/1/quantity"],
    ],
    ["an array", [], ["#"]],
  ];
  for (const [name, content, pointers] of refusals) {
    test(`names the fields and rules of ${name}`, async () => {
      const { errors } = await problemOf(await intake.post(content), 400, "invalid-request");
      assert.deepEqual(
        errors?.map(({ pointer }) => pointer),
        pointers,
      );
      assert.ok(errors?.every(({ detail }) => detail.length > 5));
      assert.deepEqual(await intake.rows(), []);
    });
  }

  test("says where JSON breaks off, what type it wants, and how much it reads", async () => {
    await problemOf(await intake.post(`{"customerId": `), 400, "invalid-request");
    await problemOf(await intake.post(orderBody, { "content-type": "text/plain" }), 415, "unsupported-media-type");
    await problemOf(await intake.post(" ".repeat(300_000)), 413, "body-too-large");
    const stream = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(64_000)) });
    const request = { method: "POST", body: stream, headers: { "content-type": "application/json" }, duplex: "half" };
    await problemOf(await intake.request("/orders", request as RequestInit), 413, "body-too-large");
    await problemOf(await intake.post(orderBody, { "idempotency-key": "two words" }), 400, "invalid-request");
    assert.deepEqual([await intake.rows(), intake.service.logged], [[], []]);
  });
});

describe("POST /orders under load or failure", () => {
  const retryAfter = (response: Response) => Number(response.headers.get("retry-after"));

  test("refuses with 429 when too many orders are in flight, until some have ended", async () => {
    intake.restart({ ordersInFlightAtMost: 2 });
    const { id } = await orderOf(await intake.post(orderBody));
    await intake.post(orderBody);
    const refused = await intake.post(orderBody);
    assert.ok(retryAfter(refused) >= 1);
    await problemOf(refused, 429, "too-many-orders");
    await intake.news(id, "payment.success", payment);
    intake.given.nowMs += 60_000;
    assert.equal((await intake.post(orderBody)).status, 202);
    await problemOf(await intake.post(orderBody), 429, "too-many-orders");
  });

  test("knows the orders in flight from before its start", async () => {
    await intake.post(orderBody);
    intake.restart({ ordersInFlightAtMost: 1 });
    await problemOf(await intake.post(orderBody), 429, "too-many-orders");
  });

  test("refuses with 503 when messages have been waiting for the broker too long, and says so in /ready", async () => {
    intake.given.outboxAgeMs = 59_000;
    assert.equal((await intake.post(orderBody)).status, 202);
    intake.given.outboxAgeMs = 61_000;
    const refused = await intake.post(orderBody);
    assert.ok(retryAfter(refused) >= 1);
    await problemOf(refused, 503, "unavailable");
    await problemOf(await intake.request("/ready"), 503, "unavailable");
    assert.equal((await intake.request("/live")).status, 200);
  });

  test("answers 503 and nothing more when the commit failed, and takes orders again after a moment", async () => {
    intake.service.beforeCommit = () => {
      throw new StoreError("disk I/O error", "transient", "SQLITE_IOERR_FSYNC");
    };
    const failed = await intake.post(orderBody, { "idempotency-key": "1" });
    assert.ok(retryAfter(failed) >= 1);
    await problemOf(failed, 503, "unavailable");
    assert.deepEqual([await intake.rows(), await intake.outboxIds(), intake.service.takeHanded()], [[], [], []]);
    intake.service.beforeCommit = () => undefined;
    await problemOf(await intake.post(orderBody, { "idempotency-key": "1" }), 503, "unavailable");
    intake.given.nowMs += 1_001;
    assert.equal((await intake.post(orderBody, { "idempotency-key": "1" })).status, 202);
    assert.equal((await intake.rows()).length, 1);
  });
});
