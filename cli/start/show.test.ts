import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createScreen, outcomesTable, progressLine } from "./show.ts";

const progress = {
  accepted: 9,
  settled: 7,
  ends: { paid: 5, rejected: 2 },
  refused: 0,
  perSecond: 3.25,
  p50Ms: 8.4,
  p99Ms: 12_345,
};

describe("a terminal", () => {
  test("has one line of progress, written over by the next and by what is said", () => {
    const written: string[] = [];
    const screen = createScreen({ isTerminal: true, columns: 80, write: (text) => void written.push(text) });
    screen.progress("one");
    screen.progress("two");
    screen.say("three");
    assert.deepEqual(written, ["one", "\r\u001b[K", "two", "\r\u001b[K", "three\n"]);
  });

  test("never gets a line that wraps: it could not be written over", () => {
    const written: string[] = [];
    const screen = createScreen({ isTerminal: true, columns: 30, write: (text) => void written.push(text) });
    screen.progress("x".repeat(100));
    assert.deepEqual(written, ["x".repeat(29)]);
  });
});

describe("a pipe", () => {
  test("gets a plain line every five seconds, and all that is said", () => {
    let nowMs = 0;
    const written: string[] = [];
    const screen = createScreen(
      { isTerminal: false, columns: 80, write: (text) => void written.push(text) },
      () => nowMs,
    );
    for (nowMs = 0; nowMs <= 11_000; nowMs += 200) screen.progress(`at ${nowMs}`);
    screen.say("done");
    assert.deepEqual(written, ["at 5000\n", "at 10000\n", "done\n"]);
  });
});

describe("a line of progress", () => {
  test("says what was accepted, how it ended, how fast and how late", () => {
    assert.equal(
      progressLine("2010-12-01", 127, progress),
      "2010-12-01: accepted 9/127  paid 5  rejected 2  cancelled 0  3.3 orders/s  p50 8 ms  p99 12.3 s",
    );
  });
});

describe("the table of outcomes", () => {
  test("has a line for each end and reason, beside what is expected", () => {
    const rows = [
      { status: "paid", reason: "", orders: 105, expected: 105 },
      { status: "rejected", reason: "stock-short", orders: 5, expected: 6 },
    ];
    assert.equal(
      outcomesTable({ rows, surprises: [] }),
      [
        "  outcome   reason       orders  expected",
        "  paid                      105       105",
        "  rejected  stock-short       5         6",
        "  all                       110       111",
      ].join("\n"),
    );
  });
});
