import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJunit, type TestCase } from "./junit.ts";
import type { Suite } from "./suites.ts";

export interface SuiteResult {
  readonly cases: readonly TestCase[];
  /** Why the suite as a whole failed, when no test of it says so. */
  readonly failure: string | undefined;
  readonly output: string;
  readonly seconds: number;
}

const DRAIN_MS = 2_000;
const PROJECT_DIR = join(import.meta.dirname, "..");

/**
 * Runs a suite to its end, or ends it with all that it started when its time is up. It fails, whatever its runner says, when no
 * test of it passed.
 */
export async function runSuite(suite: Suite): Promise<SuiteResult> {
  const startedAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), "orderwright-test-"));
  try {
    const reportFile = join(folder, "junit.xml");
    const { output, ended } = suite.files.length > 0 ? await run(suite, reportFile) : { output: "", ended: undefined };
    const cases = readJunit(await readFile(reportFile, "utf8").catch(() => ""));
    const failed = cases.some(({ outcome }) => outcome === "failed");
    const ran = cases.some(({ outcome }) => outcome === "passed");
    const nothing = ran ? undefined : "it ran no test";
    return {
      cases,
      failure: failed ? undefined : (ended ?? nothing),
      output,
      seconds: (performance.now() - startedAt) / 1000,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(suite: Suite, reportFile: string): Promise<{ output: string; ended: string | undefined }> {
  const [program = "", ...args] = suite.command(reportFile);
  const child = spawn(program, args, { cwd: PROJECT_DIR, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let timedOut = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => (output += text));
  }
  // The suite's whole group: a runner that hangs, or is done, may have left processes that it started.
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // All gone.
    }
  };
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, suite.timeoutMs);
  // Several suites may run: the end of this process ends each.
  const stop = () => process.exit(130);
  process.on("exit", kill).on("SIGINT", stop).on("SIGTERM", stop);
  try {
    const code = await new Promise<number | NodeJS.Signals>((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (exitCode, signal) => {
        kill();
        // One that left the group may still hold the pipe: its output is not waited for.
        const drained = setTimeout(() => [child.stdout, child.stderr].map((stream) => stream.destroy()), DRAIN_MS);
        child.on("close", () => {
          clearTimeout(drained);
          resolve(exitCode ?? signal ?? "SIGKILL");
        });
      });
    });
    if (timedOut) return { output, ended: `it was ended after ${suite.timeoutMs / 1000} s` };
    return { output, ended: code === 0 ? undefined : `its runner ended with ${code}` };
  } finally {
    clearTimeout(timer);
    process.off("exit", kill).off("SIGINT", stop).off("SIGTERM", stop);
  }
}
