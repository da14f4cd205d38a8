import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "#kafka/build/lock.mjs";
import { runSuite } from "./run-suite.ts";

const PASSED = '<testsuites><testcase name="one" /></testsuites>';
const FAILED = '<testsuites><testcase name="one"><failure/></testcase></testsuites>';
const SKIPPED = '<testsuites><testcase name="one"><skipped/></testcase></testsuites>';

/** A suite whose runner is a shell script: `$1` is the file of its report. */
function run(script: string, { files = ["a.test.ts"], timeoutMs = 20_000 } = {}) {
  return runSuite({ name: "fake", files, timeoutMs, command: (report) => ["sh", "-c", script, "sh", report] });
}

describe("a suite", () => {
  test("whose tests pass has no failure", async () => {
    const { cases, failure, output } = await run(`echo '${PASSED}' > $1; echo said`);
    assert.deepEqual([cases, failure, output], [[{ name: "one", outcome: "passed" }], undefined, "said\n"]);
  });

  test("with a failed test needs no other reason", async () => {
    const { cases, failure } = await run(`echo '${FAILED}' > $1; exit 1`);
    assert.deepEqual([cases[0]?.outcome, failure], ["failed", undefined]);
  });

  test("without files fails: nothing was tried", async () => {
    assert.equal((await run("exit 0", { files: [] })).failure, "it ran no test");
  });

  test("that wrote no report, or skipped all it has, fails although its runner is content", async () => {
    assert.equal((await run("exit 0")).failure, "it ran no test");
    assert.equal((await run(`echo '${SKIPPED}' > $1`)).failure, "it ran no test");
  });

  test("whose runner fails beside passing tests fails: a file that does not load is no test", async () => {
    assert.equal((await run(`echo '${PASSED}' > $1; exit 3`)).failure, "its runner ended with 3");
  });

  test("that hangs is ended with the processes that it started", async () => {
    const { failure, output } = await run("sleep 600 & echo $!; wait", { timeoutMs: 300 });
    assert.equal(failure, "it was ended after 0.3 s");
    while (isAlive(Number(output))) await sleep(10);
  });

  test("whose runner leaves a process that holds its output is not waited for", async () => {
    const { cases, failure, output } = await run(`echo '${PASSED}' > $1; setsid sleep 600 & echo $!; sleep 0.2`);
    assert.deepEqual([cases.length, failure], [1, undefined]);
    process.kill(Number(output), "SIGKILL");
  });
});
