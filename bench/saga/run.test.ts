import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { temporaryFolder } from "#db/temporary-store.ts";
import { parts } from "./cpu.ts";
import { runOnce } from "./run.ts";

// Long enough for orders to end inside of it on a loaded machine; what they measure here is nothing.
const timing = { warmUpMs: 500, fullMs: 1_000, rampMs: 100, slowMs: 500, halfMs: 300 };

describe("a run of the benchmark, some moments long", () => {
  test("on stores with a past ends with figures of orders that were all audited, and leaves nothing but the past", async () => {
    const { path: dataFolder, remove } = temporaryFolder();
    try {
      const said: string[] = [];
      const row = { workload: "baskets", history: 100, broker: "embedded" } as const;
      const say = (what: string) => void said.push(what);
      const figures = await runOnce({ row, variant: "batches", timing, dataFolder, say });
      const { acceptedPerSecond, completedPerSecond, cpuMs, slow, half, orders } = figures;
      for (const figure of [acceptedPerSecond, completedPerSecond, slow.p50Ms, half.p50Ms]) assert.ok(figure > 0);
      assert.deepEqual(Object.keys(cpuMs), [...parts]);
      assert.equal(slow.count, 10);
      assert.ok(slow.p50Ms <= slow.p99Ms && slow.p99Ms <= slow.maxMs);
      assert.ok(half.count > 0 && half.ratePerSecond === completedPerSecond / 2);
      assert.ok(orders > 12 + completedPerSecond);
      assert.equal(said.at(-1), "audit");
      assert.deepEqual(
        readdirSync(dataFolder).filter((name) => !name.startsWith("history-100-")),
        [],
      );
    } finally {
      remove();
    }
  });
});
