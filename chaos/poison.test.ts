import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode } from "#contracts/envelope.ts";
import { eventTypes } from "#contracts/events.ts";
import { seeded } from "#workers/testing/random-messages.ts";
import { makePoison, printOf, recipes } from "./poison.ts";

const orderId = "019aa5f0-0000-7000-8000-000000000001";
const other = "019aa5f0-0000-7000-8000-000000000002";

describe("each of ten kinds of poison", () => {
  for (const { kind, make } of recipes) {
    test(`${kind}: is no message in any topic, for the reason that is expected`, () => {
      for (const topic of eventTypes) {
        const { key, value, reason } = make(topic, orderId, other, 1_000_007);
        const decoded = decode(topic, key, value);
        assert.deepEqual([decoded.ok, decoded.ok ? "" : decoded.reason], [false, reason], topic);
      }
    });
  }

  test("comes in its turn, and none is another's twin, so each can be looked for", () => {
    const random = seeded(1);
    const made = Array.from({ length: 600 }, (_, nonce) => makePoison(random, [orderId, other], nonce));
    assert.equal(new Set(made.map(({ kind }) => kind)).size, 10);
    const prints = made.map(({ topic, key, value }) => printOf(topic, key, value));
    assert.equal(new Set(prints).size, prints.length);
    // Another order's key that is its own would make it a message of that order.
    for (const { topic, key, value } of made) assert.equal(decode(topic, key, value).ok, false);
  });
});
