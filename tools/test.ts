// Runs the suites, each on its runtime, and counts: `bun tools/test.ts [--long] [part of a suite's name ...]`.
import type { TestCase } from "./junit.ts";
import { runSuite, type SuiteResult } from "./run-suite.ts";
import { findSuites, type Suite } from "./suites.ts";

const named = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const suites = await findSuites({ long: process.argv.includes("--long") });
const chosen = suites.filter(({ name }) => named.length === 0 || named.some((part) => name.includes(part)));
// They mostly wait for brokers, so two at once take half the time, also on two processors.
const AT_ONCE = 2;
const total = { passed: 0, failed: 0, skipped: 0 };
const waiting = chosen[Symbol.iterator]();
await Promise.all(Array.from({ length: AT_ONCE }, runWaiting));
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || chosen.length === 0 ? 1 : 0;

async function runWaiting(): Promise<void> {
  for (const suite of waiting) {
    const counts = report(suite, await runSuite(suite));
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
  }
}

function report({ name }: Suite, { cases, failure, output, seconds }: SuiteResult) {
  const count = (outcome: TestCase["outcome"]) => cases.filter((test) => test.outcome === outcome).length;
  const counts = { passed: count("passed"), failed: count("failed") + (failure ? 1 : 0), skipped: count("skipped") };
  if (counts.failed > 0) console.log(output.trimEnd());
  const line = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
  console.log(`${name.padEnd(20)} ${line.padEnd(36)} ${seconds.toFixed(1)} s`);
  if (failure) console.log(`  ${name}: ${failure}`);
  for (const test of cases.filter(({ outcome }) => outcome === "failed")) console.log(`  failed: ${test.name}`);
  for (const test of cases.filter(({ outcome }) => outcome === "skipped")) console.log(`  skipped: ${test.name}`);
  return counts;
}
