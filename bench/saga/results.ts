import { parts } from "./cpu.ts";
import { median } from "./latencies.ts";
import { type Row, type Run, type Variant, variants } from "./rows.ts";
import type { Figures } from "./run.ts";
import type { Table } from "./table.ts";

/** A run that was made, or why there is nothing of it. */
export interface Result extends Run {
  readonly outcome:
    | { readonly kind: "measured"; readonly figures: Figures }
    | { readonly kind: "failed" | "skipped"; readonly reason: string };
}

type Figure = (figures: Figures) => number;

const workersCpu: Figure = ({ cpuMs }) => cpuMs.intake + cpuMs.stock + cpuMs.order + cpuMs.payment;
const costColumns: readonly (readonly [name: string, figure: Figure, digits: number])[] = [
  ["accepted/s", (figures) => figures.acceptedPerSecond, 0],
  ["completed/s", (figures) => figures.completedPerSecond, 0],
  ["in flight", ({ inFlight }) => inFlight, 0],
  ["CPU ms/order", workersCpu, 2],
  ...parts.map((part): readonly [string, Figure, number] => [part, ({ cpuMs }) => cpuMs[part], 2]),
];
const latencyColumns: readonly (readonly [name: string, figure: Figure, digits: number])[] = [
  ["20/s: p50", ({ slow }) => slow.p50Ms, 0],
  ["p99", ({ slow }) => slow.p99Ms, 0],
  ["max", ({ slow }) => slow.maxMs, 0],
  ["half: rate", ({ half }) => half.ratePerSecond, 0],
  ["p50", ({ half }) => half.p50Ms, 0],
  ["p99", ({ half }) => half.p99Ms, 0],
  ["max", ({ half }) => half.maxMs, 0],
];

/** What an order costs, then how long it takes: medians over the rounds. */
export function costTable(results: readonly Result[]): Table {
  return figuresTable(results, costColumns);
}

export function latencyTable(results: readonly Result[]): Table {
  return figuresTable(results, latencyColumns);
}

function figuresTable(results: readonly Result[], columns: typeof costColumns): Table {
  return {
    columns: ["row", "handled in", "runs", ...columns.map(([name]) => name)],
    rows: rowsIn(results).flatMap((row) =>
      variants.map((variant) => {
        const made = results.filter((result) => result.row.name === row.name && result.variant === variant);
        const measured = made.flatMap(figuresOf);
        const label = [labelOf(row), variant];
        // A figure of some of the runs would hide that others failed.
        const other = made.find(({ outcome }) => outcome.kind !== "measured");
        if (other !== undefined) return [...label, other.outcome.kind.toUpperCase()];
        const cells = columns.map(([, figure, digits]) => median(measured.map(figure)).toFixed(digits));
        return [...label, String(measured.length), ...cells];
      }),
    ),
  };
}

const ratioColumns: readonly (readonly [name: string, figure: Figure, better: "more" | "less"])[] = [
  ["completed/s", (figures) => figures.completedPerSecond, "more"],
  ["CPU/order", workersCpu, "less"],
  ["p50 at 20/s", ({ slow }) => slow.p50Ms, "less"],
  ["p99 at 20/s", ({ slow }) => slow.p99Ms, "less"],
];

/** How many times better batches are than one by one: of each round's two runs, then the median and the span of the rounds. */
export function ratioTable(results: readonly Result[]): Table {
  return {
    columns: ["row", "rounds", ...ratioColumns.map(([name]) => name)],
    rows: rowsIn(results).flatMap((row) => {
      const of = (variant: Variant) => results.filter((each) => each.row.name === row.name && each.variant === variant);
      if ([...of("batches"), ...of("one by one")].some(({ outcome }) => outcome.kind !== "measured")) return [];
      const pairs = of("batches").flatMap((batches) => {
        const other = of("one by one").find(({ round }) => round === batches.round);
        const [ours, theirs] = [figuresOf(batches)[0], other && figuresOf(other)[0]];
        return ours && theirs ? [{ ours, theirs }] : [];
      });
      const cells = ratioColumns.map(([, figure, better]) => {
        const ratios = pairs.map(({ ours, theirs }) => {
          return better === "more" ? figure(ours) / figure(theirs) : figure(theirs) / figure(ours);
        });
        const span = ratios.length > 1 ? ` (${Math.min(...ratios).toFixed(1)}-${Math.max(...ratios).toFixed(1)})` : "";
        return `${median(ratios).toFixed(1)} x${span}`;
      });
      return pairs.length === 0 ? [] : [[labelOf(row), String(pairs.length), ...cells]];
    }),
  };
}

/** Why runs have no figures, each once. */
export function troubles(results: readonly Result[]): string[] {
  const lines = results.flatMap(({ row, variant, outcome }) => {
    if (outcome.kind === "measured") return [];
    return [`${outcome.kind.toUpperCase()}: ${labelOf(row)}, ${variant}: ${outcome.reason}`];
  });
  return [...new Set(lines)];
}

export function labelOf({ workload, history, broker }: Row): string {
  const orders = { "one-line": "one line, many products", hot: "one line, one product", baskets: "real baskets" }[
    workload
  ];
  const stores = history === 0 ? "empty stores" : `${history.toLocaleString("en-GB")} orders`;
  return `${orders}; ${stores}; ${broker === "kafka" ? "Apache Kafka" : "embedded"}`;
}

const figuresOf = ({ outcome }: Result): Figures[] => (outcome.kind === "measured" ? [outcome.figures] : []);

function rowsIn(results: readonly Result[]): Row[] {
  return [...new Map(results.map(({ row }) => [row.name, row])).values()];
}
