import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { DOCUMENTS, withTables } from "./tables.ts";

describe("a table in a document", () => {
  for (const document of DOCUMENTS) {
    const name = document.pathname.split("/").at(-1);
    test(`${name} is what the code does; if not, run: bun docs/tables.ts`, () => {
      const text = readFileSync(document, "utf8");
      assert.match(text, /<!-- table: /, "the document has tables to check");
      assert.equal(withTables(text), text);
    });
  }

  test("that the code does not know is an error, not an empty place", () => {
    assert.throws(() => withTables("<!-- table: nonsense -->\n<!-- end -->"), /there is no table "nonsense"/);
  });
});
