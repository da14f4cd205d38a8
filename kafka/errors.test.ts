import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deliveryError, type KafkaErrorKind, toKafkaError } from "./errors.ts";
import { ERROR_CODES, type UpstreamError } from "./upstream.ts";

function upstreamError(name: string, message = name): UpstreamError {
  return Object.assign(new Error(message), { code: ERROR_CODES[name] ?? 0 });
}

describe("an error of librdkafka or the broker", () => {
  const expected: readonly (readonly [string, KafkaErrorKind])[] = [
    ["ERR__MSG_TIMED_OUT", "retriable"],
    ["ERR__TRANSPORT", "retriable"],
    ["ERR__ALL_BROKERS_DOWN", "retriable"],
    ["ERR__MAX_POLL_EXCEEDED", "retriable"],
    ["ERR_NOT_ENOUGH_REPLICAS", "retriable"],
    ["ERR_REBALANCE_IN_PROGRESS", "retriable"],
    ["ERR_MSG_SIZE_TOO_LARGE", "message"],
    ["ERR_UNKNOWN_TOPIC_OR_PART", "message"],
    ["ERR__UNKNOWN_PARTITION", "message"],
    ["ERR__AUTHENTICATION", "fatal"],
    ["ERR__AUTO_OFFSET_RESET", "fatal"],
    ["ERR_GROUP_AUTHORIZATION_FAILED", "fatal"],
    ["ERR__FENCED", "fatal"],
  ];
  for (const [name, kind] of expected) {
    test(`${name} is ${kind}, and keeps its name and cause`, () => {
      const cause = upstreamError(name);
      const error = toKafkaError(cause, "send to t");
      assert.deepEqual([error.kind, error.code, error.cause], [kind, name, cause]);
      assert.match(error.message, /^send to t: /);
    });
  }

  test("is fatal when librdkafka says so, whatever its code", () => {
    assert.equal(toKafkaError(Object.assign(upstreamError("ERR__TRANSPORT"), { isFatal: true }), "x").kind, "fatal");
  });

  test("without a code is a client that is not connected any more", () => {
    const error = toKafkaError(new Error("Producer not connected") as UpstreamError, "send");
    assert.deepEqual([error.kind, error.code], ["fatal", "ERR__STATE"]);
  });

  test('of a broken producer says why, not "Purged in queue"', () => {
    const purged = upstreamError("ERR__PURGE_QUEUE", "Local: Purged in queue");
    const error = deliveryError(purged, "t", "Fatal error: Broker: Producer attempted an operation with an old epoch");
    assert.equal(error.kind, "fatal");
    assert.match(error.message, /^send to t: the producer broke: Fatal error: Broker: .*old epoch/);
    assert.match(deliveryError(purged, "t").message, /Purged in queue/);
  });
});
