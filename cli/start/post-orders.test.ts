import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { ShopOrder } from "#data/read-orders.ts";
import { listenOnFreePort } from "#kafka/free-ports.ts";
import { openAtMost, postOrders } from "./post-orders.ts";
import { createShopHttp } from "./shop-http.ts";
import { createTally } from "./tally.ts";

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly key: string | undefined;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let url: string;
let seen: Seen[];
let answer: Answer;
beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    const { method = "", url: path = "", headers } = request;
    seen.push({ method, path, key: headers["idempotency-key"] as string | undefined });
    request.resume().on("end", () => answer(request, response));
  });
  url = `http://127.0.0.1:${await listenOnFreePort(server)}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const order = (invoice: string): ShopOrder => {
  const lines = [{ productId: "85123A", quantity: 1 }];
  return { invoice, customerId: "1", country: "UK", placedAt: "2010-12-01T08:26:00Z", currency: "GBP", lines };
};
const orders = (count: number) => Array.from({ length: count }, (_, index) => order(String(index)));

const json = (response: ServerResponse, status: number, body: unknown, headers = {}) =>
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));

/** Accepts each order as the one that its key names, and shows it as paid. */
const wellBehaved: Answer = ({ method, url: path = "", headers }, response) => {
  if (method === "POST") json(response, 202, { id: headers["idempotency-key"], status: "received" });
  else json(response, 200, { id: path.split(/[/?]/)[2], status: "paid" });
};

function post(count: number, options: { signal?: AbortSignal; ratePerSecond?: number } = {}) {
  const { signal = new AbortController().signal, ratePerSecond } = options;
  const tally = createTally();
  const http = createShopHttp(signal);
  return { tally, ended: postOrders(orders(count), { intakeUrl: url, http, tally, ratePerSecond, signal }) };
}

describe("a shop front", () => {
  test("sends each order once with the invoice as its key, and follows it to its end", async () => {
    answer = wellBehaved;
    const { tally, ended } = post(300);
    await ended;
    const keys = seen.filter(({ method }) => method === "POST").map(({ key }) => key);
    assert.deepEqual(new Set(keys).size, 300);
    assert.equal(keys.length, 300);
    assert.deepEqual(tally.now().ends, { paid: 300 });
  });

  test("has no more orders open than its limit", async () => {
    let open = 0;
    let mostOpen = 0;
    answer = (request, response) => {
      if (request.method === "POST") mostOpen = Math.max(mostOpen, (open += 1));
      else open -= 1;
      setImmediate(() => wellBehaved(request, response));
    };
    await post(openAtMost * 3).ended;
    assert.ok(mostOpen <= openAtMost, `${mostOpen} were open`);
    assert.ok(mostOpen > 1);
  });

  test("asks again until the order has ended", async () => {
    const shown = ["received", "created", "cancelled"];
    answer = (request, response) => {
      if (request.method === "POST") wellBehaved(request, response);
      else json(response, 200, { id: "0", status: shown.shift(), reason: "deadline" });
    };
    const { tally, ended } = post(1);
    await ended;
    assert.deepEqual(tally.now().ends, { cancelled: 1 });
  });

  test("sends an order again with the same key when intake is full, failing or gone", async () => {
    const failures = [429, 503, 500, "gone"];
    answer = (request, response) => {
      const failure = request.method === "POST" ? failures.shift() : undefined;
      if (failure === undefined) wellBehaved(request, response);
      else if (failure === "gone") request.socket.destroy();
      else json(response, failure as number, {}, { "retry-after": "0" });
    };
    const { tally, ended } = post(1);
    await ended;
    const keys = seen.filter(({ method }) => method === "POST").map(({ key }) => key);
    assert.deepEqual(keys, ["0", "0", "0", "0", "0"]);
    assert.deepEqual(tally.now().ends, { paid: 1 });
  });

  test("does not send an order again that intake refuses, and tells the answer", async () => {
    answer = (_, response) => json(response, 422, { title: "key reused" });
    const { tally, ended } = post(1);
    await ended;
    assert.equal(seen.length, 1);
    const { surprises } = tally.outcomes(new Map([["0", { status: "paid" }]]));
    assert.deepEqual(surprises, ['invoice 0: was refused with 422: {"title":"key reused"}, not paid']);
  });

  test("sends no order before its time when a rate is asked for", async () => {
    answer = wellBehaved;
    const startedAtMs = performance.now();
    const sentAtMs: number[] = [];
    answer = (request, response) => {
      if (request.method === "POST") sentAtMs.push(performance.now() - startedAtMs);
      wellBehaved(request, response);
    };
    await post(6, { ratePerSecond: 50 }).ended;
    for (const [index, atMs] of sentAtMs.entries()) assert.ok(atMs >= index * 20 - 2, `${index} at ${atMs}`);
  });

  test("stops when it is told to, also while nobody answers", async () => {
    const stopping = new AbortController();
    answer = (_, response) => {
      json(response, 503, {}, { "retry-after": "30" });
      stopping.abort(new Error("enough"));
    };
    await assert.rejects(post(1, { signal: stopping.signal }).ended, /enough/);
  });
});
