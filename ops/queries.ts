// For tests only.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const read = (file: string) => readFileSync(join(import.meta.dirname, file), "utf8");

export const alertRules = read("alerts.yaml");
export const alertExpressions = [...alertRules.matchAll(/expr: >-\n\s+(.*)/g)].map(([, expression = ""]) => expression);

const dashboard = JSON.parse(read("grafana-dashboard.json")) as { panels: { targets: { expr: string }[] }[] };
export const dashboardQueries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

/** The metrics that a query asks for. */
export const namesIn = (query: string): string[] => query.match(/\b(?:orderwright|process)_[a-z_]+\b/g) ?? [];

/** The labels that it groups or chooses by. */
export function labelsIn(query: string): string[] {
  const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(/\s*,\s*/));
  const chosen = [...query.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = ""]) => label);
  return [...new Set([...grouped, ...chosen])];
}
