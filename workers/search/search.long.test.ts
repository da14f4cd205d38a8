import assert from "node:assert/strict";
import console from "node:console";
import { after, describe, test } from "node:test";
import { shippedMachines } from "./machines.ts";
import { deadCopies } from "./scenarios.ts";
import { search } from "./search.ts";

/** Without the short cut of `search.test.ts`, which leaves out letters that are copies of what was read. */
describe("two dead letters at a time, copies of messages that were read among them", () => {
  const counts: string[] = [];

  for (const scenario of deadCopies) {
    test(`${scenario.name}: every run ends, with the same ${scenario.ends.length} ends`, { timeout: 600_000 }, () => {
      const startMs = performance.now();
      const found = search(scenario, shippedMachines(scenario.context));
      counts.push(`${scenario.name}: ${found.states} states in ${Math.round(performance.now() - startMs)} ms`);
      assert.deepEqual([...found.ends], [...scenario.ends].sort());
    });
  }

  after(() => console.log(counts.join("\n")));
});
