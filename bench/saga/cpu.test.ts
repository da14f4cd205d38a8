import assert from "node:assert/strict";
import process from "node:process";
import { describe, test } from "node:test";
import { cpuMsIn, cpuMsOf } from "./cpu.ts";

describe("a process's CPU time", () => {
  test("is its user and system time, also under a name with blanks and parentheses", () => {
    const fields = ["S", "1", "2", "2", "0", "-1", "0", "11", "0", "12", "0", "300", "45", "7", "7", "20"];
    assert.equal(cpuMsIn(`42 (a (b) c) ${fields.join(" ")}`), 3_450);
  });

  test("grows with what it does", () => {
    const before = cpuMsOf(process.pid);
    const { user, system } = process.cpuUsage();
    assert.ok(Math.abs(before - (user + system) / 1_000) < 1_000, "the same as the process says of itself");
  });

  test("of a process that has ended is an error, not zero", () => {
    assert.throws(() => cpuMsOf(2 ** 30), /ENOENT/);
  });
});
