import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { durationText, parseDuration } from "./durations.ts";
import { tableOf } from "./table.ts";

describe("a table", () => {
  const rows = [
    { name: "a", count: 5, text: "one\n  two" },
    { name: "long", count: 1_000, text: "three" },
  ];
  const columns = [
    { title: "NAME", cell: ({ name }: (typeof rows)[0]) => name },
    { title: "N", cell: ({ count }: (typeof rows)[0]) => String(count), isRight: true },
    { title: "TEXT", cell: ({ text }: (typeof rows)[0]) => text },
  ];

  test("has its columns under each other, and each row in one line", () => {
    const lines = ["NAME     N  TEXT", "a        5  one two", "long  1000  three"];
    assert.equal(tableOf(columns, rows, 80), lines.join("\n"));
  });

  test("is no wider than the terminal", () => {
    assert.deepEqual(tableOf(columns, rows, 15).split("\n"), ["NAME     N  TE…", "a        5  on…", "long  1000  th…"]);
  });
});

describe("a duration", () => {
  test("is written as it is read", () => {
    for (const text of ["1s", "59s", "2m", "23h", "400d"]) assert.equal(durationText(parseDuration(text) ?? -1), text);
    assert.deepEqual(["", "5", "h", "-1h", "1.5h"].map(parseDuration), [
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    assert.equal(durationText(-5), "0s");
  });
});
