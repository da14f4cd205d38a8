import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Phase, PhaseReport } from "../load/phase.ts";
import { cpuMsOf, type Part, parts } from "./cpu.ts";
import type { Shop } from "./shop.ts";

/** A phase as it went, and what was looked at from `fromMs` to `toMs`. All epoch ms. */
export interface LoadedPhase {
  readonly report: PhaseReport;
  /** Orders that were due from here on came after the ramp. */
  readonly rampedAtMs: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** User and system time between the two, ms. */
  readonly cpuMs: Readonly<Record<Part, number>>;
}

const program = fileURLToPath(new URL("../load/client.ts", import.meta.url));
/** The client bounds itself; this is for one that hangs. */
const graceMs = 60_000;

/** Runs the load client on a phase; the figures are of what comes after the ramp. */
export async function runLoad(shop: Shop, phase: Phase, rampMs: number, folder: string): Promise<LoadedPhase> {
  const phaseFile = join(folder, `${phase.keyPrefix}phase.json`);
  const reportFile = join(folder, `${phase.keyPrefix}report.json`);
  writeFileSync(phaseFile, JSON.stringify(phase));
  const child = spawn(process.execPath, [program, phaseFile, reportFile], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.on("error", () => {});
  const timer = setTimeout(() => child.kill("SIGKILL"), phase.load.durationMs + phase.settleWithinMs + graceMs);
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(signal ?? `status ${code}`));
  });
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => {
      const line = await lines.next();
      shop.check();
      if (line.done) throw new Error(`the load client has ended (${await ended})`);
      return line.value;
    };
    const beganAtMs = Number((await next()).split(" ")[1]);
    const rampedAtMs = beganAtMs + rampMs;
    const sample = () => ({ atMs: epochMs(), cpuMs: cpuOf({ ...shop.pids, client: child.pid ?? 0 }) });
    await until(rampedAtMs);
    const from = sample();
    await until(beganAtMs + phase.load.durationMs);
    const to = sample();
    await next();
    const report = JSON.parse(readFileSync(reportFile, "utf8")) as PhaseReport;
    const cpuMs = Object.fromEntries(parts.map((part) => [part, to.cpuMs[part] - from.cpuMs[part]]));
    return { report, rampedAtMs, fromMs: from.atMs, toMs: to.atMs, cpuMs: cpuMs as Record<Part, number> };
  } finally {
    clearTimeout(timer);
    child.kill("SIGKILL");
    await ended;
  }
}

function cpuOf(pids: Readonly<Record<Part, number>>): Record<Part, number> {
  return Object.fromEntries(parts.map((part) => [part, cpuMsOf(pids[part])])) as Record<Part, number>;
}

const until = (atMs: number) => delay(Math.max(0, atMs - epochMs()));
const epochMs = () => performance.timeOrigin + performance.now();
