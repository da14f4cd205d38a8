import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRest } from "./rest.ts";

/** A reader with a clock of its own: batches of 2 ms, a poll that waits as told, and the rests that it took. */
function reader(restMs: number) {
  let nowMs = 0;
  const rest = createRest(restMs, () => nowMs);
  return (waitMs: number): number => {
    const restedMs = rest.dueMs();
    nowMs += restedMs + waitMs;
    rest.begun();
    nowMs += 2;
    rest.ended();
    return restedMs;
  };
}

describe("a reader rests", () => {
  test("between batches that follow each other without a pause, not before the first ones", () => {
    const batch = reader(5);
    assert.deepEqual([batch(0), batch(0), batch(0), batch(0), batch(0)], [0, 0, 0, 5, 5]);
  });
  test("less by what it had waited for messages", () => {
    const batch = reader(5);
    for (let full = 0; full < 4; full++) batch(0);
    assert.equal(batch(3), 5, "owed from before");
    assert.equal(batch(0), 2, "3 of 5 ms were paid off by waiting");
  });
  test("not at all where messages come one after another", () => {
    const batch = reader(5);
    for (let message = 0; message < 100; message++) assert.equal(batch(5), 0);
  });
  test("never for what was owed long ago", () => {
    const batch = reader(5);
    for (let full = 0; full < 10; full++) batch(0);
    assert.equal(batch(50), 5);
    assert.deepEqual([batch(0), batch(0)], [0, 0]);
  });
  test("never when told so", () => {
    const batch = reader(0);
    for (let full = 0; full < 10; full++) assert.equal(batch(0), 0);
  });
});
