// Ends with native calls under way, on purpose. Deno finalizes what a test file made while they still run: a joint that then
// frees the clients crashes the process that runs this file, and so the suite.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newProducer, type Producer } from "../upstream.ts";

const NOBODY = "127.0.0.1:1";

describe("clients that still connect when their environment ends", () => {
  test("are left alone: nothing frees them under a native call", async () => {
    const producers = Array.from({ length: 5 }, () => connectToNobody());
    // Long enough for the calls to be on their threads, far shorter than they take.
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(producers.length, 5);
  });
});

function connectToNobody(): Producer {
  const producer = newProducer({ "bootstrap.servers": NOBODY });
  producer.on("event.error", () => {});
  return producer.connect({ timeout: 3_000, allTopics: false }, () => {});
}
