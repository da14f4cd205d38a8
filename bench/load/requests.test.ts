import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRequests } from "./requests.ts";

describe("requests that are built once", () => {
  const requests = createRequests(8080, ['{"a":1}', '{"é":22}'], "full-");
  const text = (body: number, number: number) => requests.take(body, number).toString();

  test("have a key of their own each: with the same one they would be one order", () => {
    assert.match(text(0, 7), /\r\nIdempotency-Key: full-000000007\r\n\r\n\{"a":1\}$/);
    assert.match(text(0, 123_456_789), /\r\nIdempotency-Key: full-123456789\r\n/);
    assert.match(text(0, 8), /\r\nIdempotency-Key: full-000000008\r\n/);
  });

  test("have their body's length in bytes, not in characters", () => {
    assert.match(text(1, 0), /\r\nContent-Length: 9\r\n/);
  });
});
