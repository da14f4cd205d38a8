// Clients that the garbage collector takes while their environment ends. Deno's test runner finalizes what is left of a file,
// serves the event loop once more, and finalizes again what is collected meanwhile: a joint that frees a client at each
// crashes the process that runs this file, and so the suite.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { garbageCollector } from "../testing.ts";
import { newProducer } from "../upstream.ts";

const clients: object[] = [];

describe("clients that are let go when their environment ends", () => {
  test("are freed once at most, although they are finalized twice", () => {
    for (let i = 0; i < 50; i++) clients.push(newProducer({ "bootstrap.servers": "127.0.0.1:1" }));
    const collect = garbageCollector();
    const collectInEachTurn = () => {
      collect();
      setImmediate(collectInEachTurn);
    };
    globalThis.addEventListener?.("unload", () => {
      clients.length = 0;
      setImmediate(collectInEachTurn); // in the turns after the finalizers
    });
    assert.equal(clients.length, 50);
  });
});
