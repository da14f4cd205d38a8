import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Hono } from "hono";
import { deadLetterPage } from "#contracts/dead-letters.ts";
import { problem } from "#contracts/http.ts";
import { problemResponse } from "../http/problem.ts";
import { createServiceApp } from "../http/service-app.ts";
import { type HttpServer, serve } from "../runtime.ts";
import { createOperatorsGateway } from "./operators-http.ts";

const token = "for operators only";
const authorization = `Bearer ${token}`;
type Asked = Omit<RequestInit, "headers"> & { readonly headers?: Record<string, string> };

describe("intake's way for operators to the dead letters of all services", () => {
  /** What reached stock, and intake itself. */
  const asked: { readonly path: string; readonly authorization: string | null }[] = [];
  const logged: unknown[] = [];
  let stockAnswers: () => Response = () => Response.json({ letters: [], next: null });
  let stock: HttpServer;
  let app: Hono;
  const seen = (request: Request) => {
    const { pathname, search } = new URL(request.url);
    asked.push({ path: pathname + search, authorization: request.headers.get("authorization") });
  };
  before(() => {
    stock = serve({
      host: "127.0.0.1",
      port: 0,
      fetch(request) {
        seen(request);
        return stockAnswers();
      },
    });
    const own = (request: Request) => {
      seen(request);
      return Response.json({ letters: [], next: null });
    };
    const urls = { stock: `http://127.0.0.1:${stock.port}`, order: "http://127.0.0.1:1" };
    const open = new Hono().route("/operators", createOperatorsGateway({ token, urls, own }));
    const log = (entry: unknown) => void logged.push(entry);
    app = createServiceApp({ bearerToken: "for shops", open, notReady: () => [], metrics: () => "", log });
  });
  after(() => stock.stop(0));

  const ask = (path: string, { headers, ...init }: Asked = {}) =>
    Promise.resolve(app.request(path, { ...init, headers: { authorization, ...headers } }));

  test("passes on to the service that is asked for, its own self included, with the token", async () => {
    for (const service of ["stock", "intake"]) {
      const response = await ask(`/operators/${service}/dead-letters?state=dead&limit=5&other=1`);
      assert.deepEqual(deadLetterPage.parse(await response.json()), { letters: [], next: null });
      assert.equal(response.headers.get("cache-control"), "no-store");
    }
    const passed = { path: "/admin/dead-letters?state=dead&limit=5", authorization };
    assert.deepEqual(asked.splice(0), [passed, passed], "what the contract does not know is left out");
  });

  test("lets nobody reach a service who does not show the operators' token, nor with the shops' own", async () => {
    for (const given of ["", "Bearer for shops", "Bearer wrong"]) {
      const response = await ask("/operators/stock/dead-letters", { headers: { authorization: given } });
      assert.equal(response.status, 401, given);
    }
    assert.deepEqual(asked, []);
  });

  test("reaches dead letters and nothing else of what operators may do", async () => {
    for (const path of [
      "backup",
      "trail",
      "undone",
      "recovery",
      "outbox?id=order.start/1",
      "dead-letters/..%2Fbackup",
      "dead-letters/1/healed",
      "dead-letters/0x1",
    ]) {
      const get = await ask(`/operators/stock/${path}`);
      const post = await ask(`/operators/stock/${path}`, { method: "POST", body: "{}" });
      assert.deepEqual([get.status, post.status], [404, 404], path);
    }
    assert.equal((await ask("/operators/bank/dead-letters")).status, 404);
    assert.equal((await ask("/operators/stock/dead-letters?limit=5000")).status, 400);
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify({ operator: "", why: "", dryRun: true }) };
    assert.equal((await ask("/operators/stock/dead-letters/1/discard", init)).status, 400);
    assert.deepEqual(asked, []);
  });

  test("says which service is away, was never named, or takes another token", async () => {
    const said = async (service: string) => {
      const response = await ask(`/operators/${service}/dead-letter-groups`);
      return [response.status, problem.parse(await response.json()).detail ?? ""] as const;
    };
    const [away, why] = await said("order");
    assert.equal(away, 503);
    assert.match(why, /^order does not answer at http:\/\/127\.0\.0\.1:1/);
    const [unnamed, whyUnnamed] = await said("payment");
    assert.equal(unnamed, 503);
    assert.match(whyUnnamed, /PAYMENT_URL/);
    stockAnswers = () => problemResponse({ kind: "unauthorized", status: 401, title: "no" });
    const [refused, whyRefused] = await said("stock");
    assert.equal(refused, 403);
    assert.match(whyRefused, /not this service's ADMIN_TOKEN/);
    stockAnswers = () => new Response(null, { status: 302, headers: { location: "http://127.0.0.1:1/" } });
    assert.equal((await said("stock"))[0], 503, "the token is shown to nobody else");
  });

  test("never logs the token", () => {
    assert.doesNotMatch(JSON.stringify(logged), new RegExp(token));
  });
});
