import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createBusMetrics } from "#bus/metrics.ts";
import { renderMetrics } from "../http/prometheus.ts";
import { accept, decide, type View } from "./decide.ts";
import { createOrderDurations } from "./order-durations.ts";

function paidAfter(durationMs: number): { before: View; after: View } {
  const order = { orderId: "o", customerId: "c", currency: "GBP", lines: [{ productId: "p", quantity: 1 }] };
  const { view } = accept(order, { nowMs: 1_000, cancelWindowMs: 0 });
  const data = { amountMinor: 1, currency: "GBP", paymentId: "p" };
  const paid = decide(view, { type: "payment.success", orderId: "o", atMs: 1_000 + durationMs, data });
  assert.ok(view && paid.view);
  return { before: view, after: paid.view };
}

describe("/metrics", () => {
  test("counts orders by outcome into every bucket that their duration fits", () => {
    const durations = createOrderDurations();
    for (const durationMs of [-1, 7, 8, 2_000_000]) durations.observe([paidAfter(durationMs)]);
    const lines = durations.render().split("\n");
    const value = (start: string) =>
      lines
        .find((line) => line.startsWith(start))
        ?.split(" ")
        .at(-1);
    const bucket = (le: string) => value(`orderwright_order_duration_seconds_bucket{outcome="paid",le="${le}"}`);
    assert.deepEqual([bucket("0.005"), bucket("0.01"), bucket("1200"), bucket("+Inf")], ["1", "3", "3", "4"]);
    assert.equal(value('orderwright_order_duration_seconds_sum{outcome="paid"}'), "2000.015");
    assert.equal(value('orderwright_order_duration_seconds_count{outcome="paid"}'), "4");
  });

  test("shows what the bus counts, under names and types that Prometheus wants", () => {
    const metrics = createBusMetrics();
    metrics.consumed = 3;
    metrics.lastBatchRecords = 2;
    metrics.outcomes.set("paid", 3);
    metrics.deadLetterReasons.set("no-json", 1);
    const text = renderMetrics("order", metrics);
    for (const line of [
      "# TYPE orderwright_consumed_total counter",
      'orderwright_consumed_total{service="order"} 3',
      "# TYPE orderwright_last_batch_records gauge",
      'orderwright_last_batch_records{service="order"} 2',
      'orderwright_decided_total{service="order",outcome="paid"} 3',
      'orderwright_dead_letters_by_reason_total{service="order",reason="no-json"} 1',
    ]) {
      assert.ok(text.includes(`${line}\n`), line);
    }
  });
});
