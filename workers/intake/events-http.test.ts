import assert from "node:assert/strict";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, test } from "node:test";
import { orderView } from "#contracts/http.ts";
import { now, second } from "#contracts/live.ts";
import { type HttpServer, serve } from "../runtime.ts";
import { type IntakeUnderTest, openIntakeUnderTest, orderBody, orderOf, payment } from "./app-under-test.ts";
import { createLive, type Live } from "./live.ts";
import { versionOf } from "./order-watch.ts";
import { createWatchedSeconds } from "./watched-seconds.ts";

let intake: IntakeUnderTest;
let server: HttpServer;
let live: Live;
const stopping: AbortController[] = [];
beforeEach(async () => {
  intake = await openIntakeUnderTest();
  const { signal } = (stopping[0] = new AbortController());
  const state = { state: "ready" } as const;
  live = createLive({
    news: intake.orderNews,
    seconds: createWatchedSeconds(),
    services: { look: async () => {}, states: () => ({ intake: state, stock: state, order: state, payment: state }) },
    bootId: "boot",
    demo: false,
    countInFlight: async () => ({ received: 0, created: 0 }),
    log: () => undefined,
  });
  const app = intake.restart({ watched: { live, signal } });
  server = serve({ host: "127.0.0.1", port: 0, fetch: (request) => app.fetch(request) });
});
afterEach(async () => {
  stopping[0]?.abort();
  live.stop();
  await server.stop(1_000);
  await intake.service.remove();
});

/** Reads a stream until it has so many events. */
async function events(path: string, count: number, lastId?: string) {
  const leaving = new AbortController();
  const headers: Record<string, string> = lastId === undefined ? {} : { "last-event-id": lastId };
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers, signal: leaving.signal });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  let text = "";
  const decoder = new TextDecoder();
  assert.ok(response.body);
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.split("\n\n").length > count) break;
  }
  leaving.abort();
  return text
    .split("\n\n")
    .slice(0, count)
    .map((block) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
      return { event: field("event"), id: field("id"), data: JSON.parse(field("data") ?? "null") as unknown };
    });
}

describe("GET /orders/{id}/events", () => {
  test("gives the order as it is, then each change; who comes again gets only what is newer", async () => {
    const { id } = await orderOf(await intake.post(orderBody));
    const [received] = await events(`/orders/${id}/events`, 1);
    assert.equal(orderView.parse(received?.data).status, "received");
    const following = events(`/orders/${id}/events`, 1, received?.id);
    await intake.news(id, "payment.success", payment, Date.now());
    const [current] = await following;
    assert.equal(orderView.parse(current?.data).status, "paid");
    assert.equal(current?.id, String(versionOf(orderView.parse(current?.data))));
    const again = events(`/orders/${id}/events`, 1, current?.id);
    await intake.news(id, "order.cancel", { reason: "customer", refundedMinor: 1 }, Date.now());
    assert.equal(orderView.parse((await again)[0]?.data).status, "cancelled");
  });

  test(
    "says that the order does not go on, and that it does again, though neither is a fact of it",
    { timeout: 20_000 },
    async () => {
      const { id } = await orderOf(await intake.post(orderBody));
      const [received] = await events(`/orders/${id}/events`, 1);
      const told = events(`/orders/${id}/events`, 1, received?.id);
      intake.given.stuck = [
        { orderId: id, status: "received", message: "order.start", service: "stock", why: "unread", sinceMs: 7 },
      ];
      assert.equal(orderView.parse((await told)[0]?.data).waitingFor?.why, "unread");
      intake.given.stuck = [];
    },
  );

  test("is 404 for what is no order, before any stream begins", async () => {
    const response = await fetch(`http://127.0.0.1:${server.port}/orders/01890000-0000-7000-8000-000000000001/events`);
    assert.equal(response.status, 404);
  });
});

describe("GET /events", () => {
  test("gives the seconds that a viewer lacks and how things stand, and goes on where the last one left", async () => {
    await intake.post(orderBody);
    const [first, standing] = await events("/events", 2);
    assert.deepEqual([first?.event, standing?.event], ["seconds", "now"]);
    now.parse(standing?.data);
    const [second2] = await events("/events", 2, first?.id);
    const missed = second.array().parse(second2?.data);
    assert.equal(missed.length, Number(second2?.id?.split("-")[1]) - Number(first?.id?.split("-")[1]));
    const [afresh] = await events("/events", 2, "other-7");
    assert.ok(second.array().parse(afresh?.data).length > missed.length, "a number of another life says nothing");
    const all = second.array().parse(afresh?.data);
    assert.equal(
      all.reduce((sum, { accepted }) => sum + accepted, 0),
      1,
    );
  });

  test("a viewer who reads nothing holds up nobody, and is let go when it leaves", async () => {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.pause();
    socket.write("GET /events HTTP/1.1\r\nhost: x\r\n\r\n");
    const [first] = await events("/events", 2);
    await events("/events", 2, first?.id);
    socket.destroy();
  });
});
