import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readSource, withFault } from "./copy.ts";
import { plantedFaults } from "./faults.ts";
import { runPlanted } from "./run.ts";

describe("faults that are planted to see whether chaos notices", () => {
  test("find the one place that they were written for", () => {
    for (const fault of plantedFaults) assert.notEqual(withFault(readSource(fault), fault), readSource(fault));
    assert.throws(
      () => withFault("", { name: "x", file: "y.ts", from: "z", to: "" }),
      /y\.ts has 0 places to plant "x"/,
    );
  });

  // Those that show whatever the moment, in one short run each; the others are for npm run chaos -- --planted.
  for (const name of ["no dead letter is kept", "under another order's key"]) {
    test(`are caught: ${name}`, { timeout: 240_000 }, async () => {
      const fault = plantedFaults.find((each) => each.name.includes(name));
      assert.ok(fault);
      const { isCaught, problems } = await runPlanted(fault, { orders: 30, seed: 1, runsAtMost: 2, settleSeconds: 8 });
      assert.ok(isCaught);
      assert.ok(problems > 0);
    });
  }
});
