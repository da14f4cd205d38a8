import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSchedule } from "./schedule.ts";

describe("a schedule of 20 orders a second for two seconds", () => {
  const schedule = createSchedule(20, 2_000);

  test("has 40, the first at once, each 50 ms after the one before", () => {
    assert.equal(schedule.count, 40);
    assert.deepEqual([schedule.dueAtMs(0), schedule.dueAtMs(1), schedule.dueAtMs(39)], [0, 50, 1_950]);
  });

  test("makes an order due at its moment, and not before", () => {
    assert.deepEqual([-1, 0, 49.9, 50, 1_949.9, 1_950].map(schedule.dueBy), [0, 1, 1, 2, 39, 40]);
  });

  test("makes all due that were missed: a client that was held up must not leave them out", () => {
    assert.equal(schedule.dueBy(1_000_000), 40);
  });
});

describe("a rate that does not divide a second", () => {
  test("neither gains nor loses an order over the whole time", () => {
    for (const rate of [3, 7, 563.4, 1_749.99]) {
      const { count, dueAtMs, dueBy } = createSchedule(rate, 10_000);
      assert.equal(count, Math.ceil(rate * 10));
      assert.ok(dueAtMs(count - 1) < 10_000);
      for (const index of [0, 1, count >> 1, count - 1]) assert.equal(dueBy(dueAtMs(index)), index + 1);
    }
  });
});
