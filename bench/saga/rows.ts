import type { WorkloadName } from "./workloads.ts";

/** How the saga is run: as it is shipped, or each message by itself. */
export const variants = ["batches", "one by one"] as const;
export type Variant = (typeof variants)[number];
export type BrokerName = "embedded" | "kafka";

/** What is measured, once for each variant. */
export interface Row {
  /** For `--rows`. */
  readonly name: string;
  readonly workload: WorkloadName;
  /** Orders that the stores hold before. */
  readonly history: number;
  readonly broker: BrokerName;
  /** Runs of each variant. */
  readonly rounds: number;
}

const manyOrders = 600_000;

export const rows: readonly Row[] = [
  { name: "one-line", workload: "one-line", history: 0, broker: "embedded", rounds: 3 },
  { name: "hot", workload: "hot", history: 0, broker: "embedded", rounds: 1 },
  { name: "baskets", workload: "baskets", history: 0, broker: "embedded", rounds: 2 },
  { name: "600k", workload: "one-line", history: manyOrders, broker: "embedded", rounds: 2 },
  { name: "kafka", workload: "one-line", history: 0, broker: "kafka", rounds: 2 },
  { name: "kafka-baskets", workload: "baskets", history: 0, broker: "kafka", rounds: 1 },
];

/** How long each part of a run takes, ms. */
export interface Timing {
  /** At full load before anything is measured: the runtimes compile meanwhile, a fifth of their CPU in the first seconds. */
  readonly warmUpMs: number;
  readonly fullMs: number;
  /** Before each of the two loads of a fixed rate. */
  readonly rampMs: number;
  readonly slowMs: number;
  readonly halfMs: number;
}

export const timings: Readonly<Record<"default" | "quick", Timing>> = {
  default: { warmUpMs: 7_000, fullMs: 4_000, rampMs: 1_000, slowMs: 8_000, halfMs: 5_000 },
  quick: { warmUpMs: 2_500, fullMs: 2_500, rampMs: 500, slowMs: 4_000, halfMs: 2_500 },
};

export interface Run {
  readonly row: Row;
  readonly variant: Variant;
  readonly round: number;
}

/**
 * The runs in their order: round by round, the variants of a row next to each other and the first of them in turn, so that
 * what changes about the machine meets both.
 */
export function planRuns(chosen: readonly Row[]): Run[] {
  const rounds = Math.max(0, ...chosen.map((row) => row.rounds));
  return Array.from({ length: rounds }, (_, index) => index + 1).flatMap((round) =>
    chosen
      .filter((row) => row.rounds >= round)
      .flatMap((row) =>
        (round % 2 === 1 ? variants : variants.toReversed()).map((variant) => ({ row, variant, round })),
      ),
  );
}

/** About how long a run takes beside what is timed, s, measured on two cores: brokers start, orders end, audits read. */
const startSeconds: Readonly<Record<BrokerName, number>> = { embedded: 1.5, kafka: 10 };
const endSeconds = 3;
const secondsOfHistory = 14 / 600_000;

export function estimateSeconds(runs: readonly Run[], timing: Timing): number {
  const { warmUpMs, fullMs, rampMs, slowMs, halfMs } = timing;
  const loads = (warmUpMs + fullMs + 2 * rampMs + slowMs + halfMs) / 1_000;
  return runs.reduce((sum, { row }) => {
    return sum + startSeconds[row.broker] + loads + endSeconds + row.history * secondsOfHistory;
  }, 0);
}
