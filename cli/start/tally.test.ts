import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ExpectedOutcome } from "#data/shop.ts";
import { createLatencies } from "./latencies.ts";
import { createTally } from "./tally.ts";

describe("a tally of what the shop front sees", () => {
  test("counts ends, and orders a second up to the last of them", () => {
    let nowMs = 1_000;
    const tally = createTally(() => nowMs);
    const settle = (invoice: string, status: "paid" | "rejected", latencyMs: number) => {
      tally.accepted();
      tally.settled({ invoice, orderId: `id-${invoice}`, status, reason: undefined, latencyMs });
    };
    nowMs = 2_000;
    settle("1", "paid", 10);
    nowMs = 3_000;
    settle("2", "rejected", 30);
    tally.accepted();
    nowMs = 99_000;
    const { accepted, settled, ends, perSecond } = tally.now();
    assert.deepEqual(
      { accepted, settled, ends, perSecond },
      { accepted: 3, settled: 2, ends: { paid: 1, rejected: 1 }, perSecond: 1 },
    );
    assert.equal(tally.firstSettledAtMs(), 2_000);
  });

  test("names each order that did not end as it must: another end, a refusal, none", () => {
    const tally = createTally();
    tally.settled({ invoice: "1", orderId: "a", status: "paid", reason: undefined, latencyMs: 1 });
    tally.settled({ invoice: "2", orderId: "b", status: "cancelled", reason: "deadline", latencyMs: 1 });
    tally.refused("3", "was refused with 422: key reused");
    const must: [string, ExpectedOutcome][] = [
      ["1", { status: "paid" }],
      ["2", { status: "paid" }],
      ["3", { status: "rejected", reason: "stock-short" }],
      ["4", { status: "paid" }],
    ];
    assert.deepEqual(tally.outcomes(new Map(must)), {
      rows: [
        { status: "paid", reason: "", orders: 1, expected: 3 },
        { status: "rejected", reason: "stock-short", orders: 0, expected: 1 },
        { status: "cancelled", reason: "deadline", orders: 1, expected: 0 },
      ],
      surprises: [
        "invoice 2, order b: cancelled (deadline), not paid",
        "invoice 3: was refused with 422: key reused, not rejected (stock-short)",
        "invoice 4: did not end, not paid",
      ],
    });
  });
});

describe("latencies", () => {
  test("give percentiles by nearest rank, to one percent", () => {
    const latencies = createLatencies();
    assert.equal(latencies.percentile(0.5), undefined);
    for (let ms = 1; ms <= 1_000; ms += 1) latencies.add(ms);
    for (const [share, ms] of [
      [0.5, 500],
      [0.99, 990],
      [1, 1_000],
    ] as const) {
      const found = latencies.percentile(share) ?? 0;
      assert.ok(Math.abs(found - ms) / ms < 0.011, `${share}: ${found}`);
    }
  });
});
