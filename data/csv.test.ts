import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCsv } from "./csv.ts";

describe("comma-separated values", () => {
  const cases: readonly [string, string, string[][]][] = [
    ["nothing", "", []],
    ["one field without a line end", "a", [["a"]]],
    [
      "fields and lines",
      "a,b\nc,d\n",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [
      "lines that end in CRLF",
      "a,b\r\nc,d\r\n",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [
      "empty fields at each place",
      ",a,,b,\n,",
      [
        ["", "a", "", "b", ""],
        ["", ""],
      ],
    ],
    ["an empty line, which is a line with one empty field", "a\n\nb", [["a"], [""], ["b"]]],
    ["commas in quotes", '1,"AIRLINE LOUNGE,METAL SIGN",2', [["1", "AIRLINE LOUNGE,METAL SIGN", "2"]]],
    ["doubled quotes", '"7"" SINGLE","""""",""', [['7" SINGLE', '""', ""]]],
    ["line breaks in quotes", '"a\r\nb\nc",d\n', [["a\r\nb\nc", "d"]]],
    ["a carriage return that ends no line", "a\rb,c", [["a\rb", "c"]]],
    ["spaces, which belong to their field", " a , b \n", [[" a ", " b "]]],
  ];
  for (const [what, text, expected] of cases) {
    test(`are read with ${what}`, () => assert.deepEqual(parseCsv(text), expected));
  }

  test("come back from any fields that were written, so no text can break out of its field", () => {
    const alphabet = ["a", ",", '"', "\n", "\r", " ", "é"];
    let seed = 4711;
    const draw = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 500; round += 1) {
      const width = 1 + draw(4);
      const records = Array.from({ length: 1 + draw(4) }, () =>
        Array.from({ length: width }, () => Array.from({ length: draw(6) }, () => alphabet[draw(7)]).join("")),
      );
      const quoted = records.map((fields) => fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(","));
      assert.deepEqual(parseCsv(quoted.join("\r\n")), records);
    }
  });

  const broken: readonly [string, string, RegExp][] = [
    ["a quote that does not end", 'a\nb,"c', /^Error: line 2: a quoted field that does not end/],
    ["text after a quote", 'a\n"b"c', /^Error: line 2: text after a quoted field/],
    ["a quote in the middle of a field", 'a"b', /^Error: line 1: a quote inside a field/],
  ];
  for (const [what, text, message] of broken) {
    test(`are refused with ${what}, and the line is said`, () => assert.throws(() => parseCsv(text), message));
  }
});
