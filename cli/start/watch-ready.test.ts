import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { afterEach, beforeEach, describe, test } from "node:test";
import { listenOnFreePort } from "#kafka/free-ports.ts";
import { until } from "./shop-process.ts";
import { watchReady } from "./watch-ready.ts";

let server: Server;
let url: string;
let problem: string | undefined;
let said: string[];
let stopping: AbortController;
beforeEach(async () => {
  said = [];
  problem = undefined;
  stopping = new AbortController();
  server = createServer((_, response) => {
    if (problem === undefined) response.writeHead(200).end("{}");
    else response.writeHead(503).end(JSON.stringify({ title: "Try again later", detail: problem }));
  });
  url = `http://127.0.0.1:${await listenOnFreePort(server)}`;
});
afterEach(() => {
  stopping.abort();
  server.closeAllConnections();
  server.close();
});

/** Nobody answers for the other workers: as when they are being started again. */
function watch(patienceMs: number) {
  const nowhere = "http://127.0.0.1:1";
  const addresses = { intake: nowhere, stock: url, order: nowhere, payment: nowhere };
  return watchReady({ addresses, say: (text) => void said.push(text), signal: stopping.signal, patienceMs });
}

describe("a worker that answers and is not ready", () => {
  test("is told once for each reason, and when it is ready again", async () => {
    watch(60_000);
    problem = "does not consume";
    await until(() => said.length > 0, "it is told");
    problem = "still not";
    await until(() => said.length > 1, "the other reason is told");
    problem = undefined;
    await until(() => said.length > 2, "its return is told");
    assert.deepEqual(said, [
      "stock is not ready: does not consume",
      "stock is not ready: still not",
      "stock is ready again",
    ]);
  });

  test("is not waited for for ever", async () => {
    problem = "does not consume";
    await assert.rejects(watch(0).stuck, /stock does not become ready: does not consume/);
  });
});
