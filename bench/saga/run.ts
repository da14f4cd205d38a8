import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { LoadedOrder, OpenLoop } from "../load/phase.ts";
import { type Part, parts } from "./cpu.ts";
import { copyHistory } from "./history.ts";
import { latenciesOf, type Latencies } from "./latencies.ts";
import type { LoadedPhase } from "./load-process.ts";
import { createLoader } from "./loader.ts";
import { openShop } from "./open-shop.ts";
import type { Row, Timing, Variant } from "./rows.ts";
import { startShop } from "./shop.ts";
import { requireCleanAudit, RunFailedError } from "./verify.ts";
import { createWorkload } from "./workloads.ts";

export interface Figures {
  readonly acceptedPerSecond: number;
  readonly completedPerSecond: number;
  /** Orders between the moment that they were sent and their end, on average at full load: what batches can be made of. */
  readonly inFlight: number;
  /** CPU ms of each part for an order that was completed, at full load. */
  readonly cpuMs: Readonly<Record<Part, number>>;
  readonly slow: Latencies;
  readonly half: Latencies & { readonly ratePerSecond: number };
  /** Of the whole run, each of them proved to have ended as it must. */
  readonly orders: number;
}

export interface RunOptions {
  readonly row: Pick<Row, "workload" | "history" | "broker">;
  readonly variant: Variant;
  readonly timing: Timing;
  readonly dataFolder: string;
  /** Told what is done now. */
  readonly say: (what: string) => void;
}

export const slowRatePerSecond = 20;
/** At full load: five batches one after another settle an order; each worker has one in hand, and the next one waiting. */
export const inFlightAtMost = 2_000;

/**
 * One shop from its start to its end: as fast as it can, then 20 orders a second, then half of what it could. Rejects where one
 * accepted order has not ended as it must, or the audit is not clean.
 */
export async function runOnce({ row, variant, timing, dataFolder, say }: RunOptions): Promise<Figures> {
  const folder = mkdtempSync(join(dataFolder, "run-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove); // Ctrl-C
  try {
    say("copying stores");
    await copyHistory(row.history, dataFolder, folder);
    say("starting");
    const shop = await startShop({ variant, broker: row.broker, folder });
    try {
      const workload = createWorkload(row.workload);
      const first = await openShop(shop, workload);
      const load = createLoader(shop, workload, folder);
      say("full load");
      const { warmUpMs, fullMs, rampMs, slowMs, halfMs } = timing;
      const full = await load("full-", { kind: "closed", inFlightAtMost, durationMs: warmUpMs + fullMs }, warmUpMs);
      const rates = ratesOf(full);
      if (rates.completedPerSecond === 0) throw new RunFailedError("at full load not one order ended in time");
      say(`${slowRatePerSecond}/s`);
      const open = (ratePerSecond: number, durationMs: number): OpenLoop => {
        return { kind: "open", ratePerSecond, durationMs: rampMs + durationMs };
      };
      const slow = await load("slow-", open(slowRatePerSecond, slowMs), rampMs);
      const ratePerSecond = rates.completedPerSecond / 2;
      say(`${ratePerSecond.toFixed(0)}/s`);
      const half = await load("half-", open(ratePerSecond, halfMs), rampMs);
      say("audit");
      const orders = first + load.orders();
      await requireCleanAudit(shop.storeUrls, row.history + orders);
      return { ...rates, slow: endToEnd(slow), half: { ...endToEnd(half), ratePerSecond }, orders };
    } finally {
      await shop.kill();
    }
  } finally {
    remove();
    process.off("exit", remove);
  }
}

/** What happened inside the window, whatever was under way at its edges. */
export function ratesOf({ report, fromMs, toMs, cpuMs }: LoadedPhase) {
  const seconds = (toMs - fromMs) / 1_000;
  const isIn = (atMs: number | null) => atMs !== null && atMs >= fromMs && atMs < toMs;
  const accepted = report.orders.filter(({ answeredAtMs }) => isIn(answeredAtMs)).length;
  const completed = report.orders.filter(({ endedAtMs }) => isIn(endedAtMs)).length;
  const ofOrder = Object.fromEntries(parts.map((part) => [part, cpuMs[part] / completed])) as Record<Part, number>;
  const inFlight = meanInFlight(report.orders, fromMs, toMs);
  return { acceptedPerSecond: accepted / seconds, completedPerSecond: completed / seconds, inFlight, cpuMs: ofOrder };
}

function meanInFlight(orders: readonly LoadedOrder[], fromMs: number, toMs: number): number {
  const insideMs = ({ intendedAtMs, endedAtMs }: LoadedOrder) =>
    Math.max(0, Math.min(endedAtMs ?? toMs, toMs) - Math.max(intendedAtMs, fromMs));
  return orders.reduce((sum, order) => sum + insideMs(order), 0) / (toMs - fromMs);
}

/** From the moment that an order was due until intake shows its end. */
function endToEnd({ report, rampedAtMs }: LoadedPhase): Latencies {
  // A schedule's moments are sums of fractions.
  const measured = report.orders.filter(({ intendedAtMs }) => intendedAtMs > rampedAtMs - 0.1);
  return latenciesOf(
    measured.map(({ intendedAtMs, endedAtMs }: LoadedOrder) => (endedAtMs ?? Number.NaN) - intendedAtMs),
  );
}
