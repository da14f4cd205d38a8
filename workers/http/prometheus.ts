import { type BusMetrics, type BusMetricName, busMetricDefinitions } from "#bus/metrics.ts";
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
  );
  return `${lines.join("\n")}\n`;
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

function family(name: string, type: string, help: string, samples: readonly Sample[]): string[] {
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
