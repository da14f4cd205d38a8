import assert from "node:assert/strict";
import console from "node:console";
import process from "node:process";
import { test } from "node:test";
import { reportOf } from "./report.ts";
import { runChaos } from "./run.ts";

const seed = Number(process.env["CHAOS_SEED"] ?? Date.now() % 1_000_000);

test(
  `a shop in which everything goes wrong: each of 100 orders ends as it had to (CHAOS_SEED=${seed})`,
  { timeout: 180_000 },
  async () => {
    const result = await runChaos({ orders: 100, seed, settleWithinMs: 60_000, say: () => undefined });
    console.log(`seed ${seed}\n${reportOf(result)}`);
    assert.deepEqual(result.problems, []);
    assert.ok(result.troubles.size > 0, "there was trouble");
    assert.ok(result.cancels > 0);
    assert.equal(new Set(result.poison.map(({ kind }) => kind)).size, 10);
  },
);
