import process from "node:process";
import { batchBounds, type BusMetrics, type BusMetricName, busMetricDefinitions } from "#bus/metrics.ts";
import type { Service } from "#contracts/topics.ts";

/** A service's numbers in Prometheus' text format, version 0.0.4. */
export function renderMetrics(service: Service, metrics: BusMetrics): string {
  const lines = (Object.keys(busMetricDefinitions) as BusMetricName[]).flatMap((name) => {
    const { type, help } = busMetricDefinitions[name];
    const value = isMs(name) ? metrics[name] / 1_000 : metrics[name];
    return family(metricName(name), type, help, [[{ service }, value]]);
  });
  const labelled = (counts: ReadonlyMap<string, number>, label: string): Sample[] =>
    [...counts].map(([value, count]) => [{ service, [label]: value }, count]);
  lines.push(
    ...family(
      "orderwright_decided_total",
      "counter",
      "Messages by what they came to",
      labelled(metrics.outcomes, "outcome"),
    ),
    ...family(
      "orderwright_dead_letters_by_reason_total",
      "counter",
      "Records that were set aside, by reason",
      labelled(metrics.deadLetterReasons, "reason"),
    ),
    ...family(
      "orderwright_purged_total",
      "counter",
      "Rows that were deleted after their time, by kind",
      labelled(metrics.purged, "kind"),
    ),
    ...histogramHead(
      "orderwright_batch_seconds",
      "From the start of a batch's transaction to its end, the fsync with it",
    ),
    ...histogram("orderwright_batch_seconds", { service }, batchBounds, {
      counts: metrics.batchBuckets,
      sum: metrics.batchMs / 1_000,
    }),
    ...processFamilies(service),
  );
  return `${lines.join("\n")}\n`;
}

/** Under the names that every Prometheus client gives them. */
function processFamilies(service: Service): string[] {
  const { user, system } = process.cpuUsage();
  const startedAt = Date.now() / 1_000 - process.uptime();
  return [
    ...family("process_cpu_seconds_total", "counter", "CPU time of the process", [
      [{ service }, (user + system) / 1e6],
    ]),
    ...family("process_resident_memory_bytes", "gauge", "Memory in use", [[{ service }, process.memoryUsage.rss()]]),
    ...family("process_start_time_seconds", "gauge", "When it was started, since 1970", [[{ service }, startedAt]]),
  ];
}

export interface Histogram {
  /** Observations in each bucket alone; the last is without a bound. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export const histogramHead = (name: string, help: string): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} histogram`,
];

/** The lines of one histogram: each bucket has all that is not above its bound. */
export function histogram(
  name: string,
  labels: Readonly<Record<string, string>>,
  bounds: readonly number[],
  { counts, sum }: Histogram,
): string[] {
  let total = 0;
  const buckets = counts.map((inBucket, index) => {
    total += inBucket;
    return line(`${name}_bucket`, [{ ...labels, le: String(bounds[index] ?? "+Inf") }, total]);
  });
  return [...buckets, line(`${name}_sum`, [labels, sum]), line(`${name}_count`, [labels, total])];
}

export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

export function family(name: string, type: string, help: string, samples: readonly Sample[]): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map((sample) => line(name, sample))];
}

function line(name: string, [labels, value]: Sample): string {
  // JSON escapes what the format wants escaped: backslash, quote and line feed.
  const pairs = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
  return `${name}{${pairs.join(",")}} ${value}`;
}

const isMs = (name: BusMetricName) => name.endsWith("Ms");

/** `lastBatchRecords` is orderwright_last_batch_records; times are in seconds, and a counter ends in _total. */
export function metricName(name: BusMetricName): string {
  const withUnit = isMs(name) ? name.replace(/Ms$/, "Seconds") : name;
  const snake = withUnit.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return `orderwright_${snake}${busMetricDefinitions[name].type === "counter" ? "_total" : ""}`;
}
