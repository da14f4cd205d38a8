import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { temporaryFolder } from "#db/temporary-store.ts";
import { parts } from "./cpu.ts";
import { ratesOf, runOnce } from "./run.ts";

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

describe("the rates of a phase", () => {
  test("count what happened inside the window, and the orders on their way as a mean over it", () => {
    const order = (intendedAtMs: number, answeredAtMs: number, endedAtMs: number | null) => {
      return { orderId: "x", body: 0, intendedAtMs, answeredAtMs, endedAtMs };
    };
    const orders = [
      order(0, 500, 1_500),
      order(1_000, 1_100, 1_200),
      order(1_500, 1_900, null),
      order(2_100, 2_200, null),
    ];
    const cpuMs = { intake: 4, stock: 0, order: 0, payment: 0, broker: 0, client: 0 };
    const report = { orders, refused: 0, firstRefusal: null, unanswered: 0 };
    const rates = ratesOf({ report, rampedAtMs: 1_000, fromMs: 1_000, toMs: 2_000, cpuMs });
    assert.deepEqual([rates.acceptedPerSecond, rates.completedPerSecond, rates.cpuMs.intake], [2, 2, 2]);
    assert.equal(
      rates.inFlight,
      0.5 + 0.2 + 0.5,
      "half a second of the first, 200 ms of the second, half of the third",
    );
  });
});
