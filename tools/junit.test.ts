import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readJunit } from "./junit.ts";

describe("a JUnit report", () => {
  test("of Bun: nested suites, self-closing tests, skipped and failed ones", () => {
    const cases = readJunit(`<testsuites tests="3"><testsuite name="a.test.ts"><testsuite name="outer">
      <testcase name="passes &lt;x&gt; &amp; &quot;q&quot;" classname="outer" time="0.1" />
      <testcase name="fails"><failure type="AssertionError" message="1 > 2">stack</failure></testcase>
      <testcase name="no java"><skipped /></testcase></testsuite></testsuite></testsuites>`);
    assert.deepEqual(cases, [
      { name: 'passes <x> & "q"', outcome: "passed" },
      { name: "fails", outcome: "failed" },
      { name: "no java", outcome: "skipped" },
    ]);
  });

  test("of Deno: a describe is not counted beside its own tests", () => {
    const cases = readJunit(`<testsuites><testsuite name="a.test.ts">
      <testcase name="outer" time="0.005"><failure message="1 test step failed">1 test step failed.</failure></testcase>
      <testcase name="top" time="0.000">
      </testcase></testsuite><testsuite name="ext:deno_node/testing.ts">
      <testcase name="outer &gt; passes"></testcase>
      <testcase name="outer &gt; fails"><failure message="no">no</failure></testcase></testsuite></testsuites>`);
    assert.deepEqual(
      cases.map(({ name, outcome }) => `${name}: ${outcome}`),
      ["top: passed", "outer > passes: passed", "outer > fails: failed"],
    );
  });

  test("of Node: an unescaped > in a name", () => {
    const cases = readJunit(`<testsuites><testcase name="a > b" time="0.1" classname="test"/>
      <testcase name="skipped" classname="test"><skipped type="skipped" message="no java"/></testcase></testsuites>`);
    assert.deepEqual(
      cases.map(({ outcome }) => outcome),
      ["passed", "skipped"],
    );
  });

  test("that was never written has no tests", () => assert.deepEqual(readJunit(""), []));
});
