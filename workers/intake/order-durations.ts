import type { RowUpdate } from "../batch-rows.ts";
import { histogram, histogramHead } from "../http/prometheus.ts";
import type { View } from "./decide.ts";

/** How long orders took from their acceptance to their end, by outcome. */
export interface OrderDurations {
  /** Orders changed: those that reached an end are counted. */
  observe(changes: readonly RowUpdate<View>[]): void;
  /** In Prometheus' text format: a histogram in seconds. */
  render(): string;
}

/** Upper bounds, s: an idle system ends orders in hundredths, an outage in minutes, a deadline in a quarter of an hour. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300, 1_200];
const name = "orderwright_order_duration_seconds";

interface Histogram {
  /** Orders in each bucket, the last without a bound. */
  readonly counts: number[];
  sum: number;
}

export function createOrderDurations(): OrderDurations {
  const histograms = new Map<View["status"], Histogram>();
  function observeEnd(view: View): void {
    const endedAtMs = endOf(view);
    if (endedAtMs === null) return;
    const seconds = Math.max(0, endedAtMs - view.receivedAtMs) / 1000;
    const histogram = histograms.get(view.status) ?? { counts: Array<number>(bounds.length + 1).fill(0), sum: 0 };
    histograms.set(view.status, histogram);
    const found = bounds.findIndex((bound) => seconds <= bound);
    const bucket = found < 0 ? bounds.length : found;
    histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1;
    histogram.sum += seconds;
  }

  return {
    observe(changes) {
      for (const { before, after } of changes) if (after.status !== before.status) observeEnd(after);
    },
    render() {
      const each = [...histograms].flatMap(([outcome, one]) => histogram(name, { outcome }, bounds, one));
      return `${[...histogramHead(name, "From the acceptance of an order to its end"), ...each].join("\n")}\n`;
    },
  };
}

/** When the order reached the end that it has; null while it has none. */
const endOf = ({ status, paidAtMs, rejectedAtMs, cancelledAtMs }: View): number | null => {
  if (status === "cancelled") return cancelledAtMs;
  if (status === "rejected") return rejectedAtMs;
  return status === "paid" ? paidAtMs : null;
};
