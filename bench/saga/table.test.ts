import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { renderMarkdown, renderTable } from "./table.ts";

const table = {
  columns: ["row", "completed/s", "audit"],
  rows: [
    ["one line", "3500", "clean"],
    ["baskets", "90", "clean"],
  ],
};

describe("a table", () => {
  test("has figures under each other by their last digit, and text by its first letter", () => {
    assert.equal(
      renderTable(table),
      ["row       completed/s  audit", "one line         3500  clean", "baskets            90  clean"].join("\n"),
    );
  });

  test("is aligned in Markdown too", () => {
    assert.equal(
      renderMarkdown(table),
      [
        "| row      | completed/s | audit |",
        "| -------- | ----------: | ----- |",
        "| one line |        3500 | clean |",
        "| baskets  |          90 | clean |",
      ].join("\n"),
    );
  });

  test("has empty cells where a row is shorter: a run that failed has no figures", () => {
    assert.match(renderTable({ columns: ["row", "a", "b"], rows: [["x", "FAILED"]] }), /^x {4}FAILED$/m);
  });
});
