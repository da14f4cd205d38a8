import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { services } from "#contracts/topics.ts";
import { median, type Pair, ratioOf } from "../paired-rounds.ts";
import type { Loader } from "../saga/loader.ts";
import { describeMachine } from "../saga/machine.ts";
import { ratesOf } from "../saga/run.ts";
import { renderTable } from "../saga/table.ts";

/** A phase at full load, all of whose orders ended as they must. */
export interface Sample {
  readonly completedPerSecond: number;
  /** Of an order that was completed, CPU ms: of intake, and of the four services. */
  readonly intakeMs: number;
  readonly servicesMs: number;
}

const warmUpMs = 3_000;
const measuredMs = 6_000;
const inFlightAtMost = 1_000;

export async function atFullLoad(load: Loader, name: string): Promise<Sample> {
  const phase = await load(name, { kind: "closed", inFlightAtMost, durationMs: warmUpMs + measuredMs }, warmUpMs);
  const { completedPerSecond, cpuMs } = ratesOf(phase);
  const servicesMs = services.reduce((sum, service) => sum + cpuMs[service], 0);
  return { completedPerSecond, intakeMs: cpuMs.intake, servicesMs };
}

/** A folder for the stores, which goes with this process; says what machine it is. */
export function openFolder(name: string): string {
  const dataFolder = join(tmpdir(), "orderwright-bench");
  mkdirSync(dataFolder, { recursive: true });
  const folder = mkdtempSync(join(dataFolder, `${name}-`));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  console.log(`${describeMachine(dataFolder).join("\n")}\n`);
  return folder;
}

/** Prints what both came to; gives the ratio of the orders a second. */
export function report(
  pairs: readonly Pair<Sample>[],
  names: { readonly none: string; readonly some: string },
): number {
  const row = (which: "none" | "some") => {
    const of = (figure: (sample: Sample) => number) => median(pairs.map((pair) => figure(pair[which])));
    return [
      names[which],
      of(({ completedPerSecond }) => completedPerSecond).toFixed(0),
      of(({ servicesMs }) => servicesMs).toFixed(3),
      of(({ intakeMs }) => intakeMs).toFixed(3),
    ];
  };
  const columns = ["", "completed/s", "CPU ms/order", "of it intake"];
  console.log(`\n${renderTable({ columns, rows: [row("none"), row("some")] })}\n`);
  const rate = ratioOf(pairs, ({ completedPerSecond }) => completedPerSecond);
  const cpu = ratioOf(pairs, ({ servicesMs }) => servicesMs);
  console.log(`medians of ${pairs.length} rounds; orders a second: ${rate.text}; CPU an order: ${cpu.text}`);
  return rate.ratio;
}
