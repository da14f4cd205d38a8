import assert from "node:assert/strict";
import console from "node:console";
import process from "node:process";
import { test } from "node:test";
import { reportOf } from "./report.ts";
import { runChaos } from "./run.ts";

const seed = Number(process.env["CHAOS_SEED"] ?? Date.now() % 1_000_000);
// What it finds now and then, and nobody has explained yet, stands in docs/open.md: a test that fails once in some seventy runs
// would say nothing about a change.
const isWanted = process.env["CHAOS"] === "1" || process.env["CHAOS_SEED"] !== undefined;
const unless = isWanted ? "" : ", skipped unless CHAOS=1: now and then it finds what docs/open.md tells of";

test(
  `a shop in which everything goes wrong: each of 100 orders ends as it had to (CHAOS_SEED=${seed})${unless}`,
  { timeout: 180_000, skip: !isWanted },
  async () => {
    const result = await runChaos({ orders: 100, seed, settleWithinMs: 60_000, say: () => undefined });
    console.log(reportOf(result));
    assert.deepEqual(result.problems, []);
    assert.ok(result.troubles.size > 0, "there was trouble");
    assert.ok(result.cancels > 0);
    assert.equal(new Set(result.poison.map(({ kind }) => kind)).size, 10);
  },
);
