import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { latenciesOf, median, percentile } from "./latencies.ts";

describe("a hundred latencies", () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);

  test("have percentiles that were measured, whatever order they came in", () => {
    assert.deepEqual(latenciesOf(values), { count: 100, p50Ms: 50, p99Ms: 99, maxMs: 100 });
  });

  test("are sorted as numbers: as texts 9 would come after 100", () => {
    assert.equal(percentile([9, 10, 100], 50), 10);
    assert.equal(latenciesOf([100, 9, 10]).p50Ms, 10);
  });
});

describe("no latencies", () => {
  test("have no percentile: zero would look fast", () => assert.ok(Number.isNaN(latenciesOf([]).p99Ms)));
});

describe("a few runs", () => {
  test("have the middle one as their median, or what is between two", () => {
    assert.equal(median([30, 10, 20]), 20);
    assert.equal(median([40, 10, 20, 30]), 25);
  });
});
