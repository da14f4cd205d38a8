import type { ServiceState } from "#contracts/live.ts";
import { metricName } from "../http/prometheus.ts";

type Figures = Pick<ServiceState, "lag" | "outboxRows" | "outboxAgeSeconds" | "deadLetters">;

const names = {
  lag: metricName("lag"),
  outboxRows: metricName("outboxWaiting"),
  outboxAgeSeconds: metricName("outboxAgeMs"),
  deadLetters: metricName("deadLettersOpen"),
} as const;

/** The figures that people want to see of a service, out of what it serves to Prometheus. */
export function readFigures(metrics: string): Figures {
  const figures: Figures = {};
  for (const key of Object.keys(names) as (keyof Figures)[]) {
    const value = valueOf(metrics, names[key]);
    if (value !== undefined) figures[key] = value;
  }
  return figures;
}

function valueOf(metrics: string, name: string): number | undefined {
  const [, text] = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "m").exec(metrics) ?? [];
  const value = Number(text);
  return text === undefined || !Number.isFinite(value) ? undefined : value;
}
