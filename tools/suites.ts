import { Glob } from "bun";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

const PROJECT_DIR = join(import.meta.dirname, "..");
const BUN = process.execPath;
const DENO = join(PROJECT_DIR, "node_modules/deno/deno");
/** Of one test, where the runner can end one; Deno's cannot. */
const TEST_TIMEOUT_MS = 300_000;

export interface Suite {
  readonly name: string;
  readonly files: readonly string[];
  /** Ends the whole suite when it hangs. */
  readonly timeoutMs: number;
  /** The command that runs the files one after another and writes a JUnit report. */
  command(reportFile: string): string[];
}

type Runtime = (files: readonly string[], reportFile: string) => string[];

// One file at a time in a suite: two suites run at once already.
const onBun: Runtime = (files, reportFile) => {
  const report = ["--reporter=junit", `--reporter-outfile=${reportFile}`];
  return [BUN, "test", `--timeout=${TEST_TIMEOUT_MS}`, ...report, ...files.map((file) => `./${file}`)];
};
const onDeno: Runtime = (files, reportFile) => {
  return [DENO, "test", "--allow-all", "--no-check", `--junit-path=${reportFile}`, ...files];
};
const onNode: Runtime = (files, reportFile) => {
  const spec = ["--test-reporter=spec", "--test-reporter-destination=stdout"];
  const report = [...spec, "--test-reporter=junit", `--test-reporter-destination=${reportFile}`];
  const limits = [`--test-timeout=${TEST_TIMEOUT_MS}`, "--test-concurrency=1"];
  return ["node", "--import", "tsx", "--test", ...limits, ...report, ...files];
};

/** The folders that must have tests: without one their suite fails. Others are run when they have any. */
const EXPECTED = [
  "bench",
  "bus",
  "cli",
  "contracts",
  "data",
  "db",
  "docs",
  "e2e",
  "kafka",
  "release",
  "tools",
  "workers",
];
const EXPECTED_LONG = ["e2e", "kafka", "workers"];
const NOT_OURS = ["node_modules", "dist"];

/**
 * The suites of the project, a folder each; what `kafka` holds must work on every runtime. One with no files is a suite all
 * the same: it fails.
 * @param long only the files named `*.long.test.ts`; else only the others
 */
export async function findSuites({ long }: { long: boolean }): Promise<Suite[]> {
  const suites: Suite[] = [];
  for (const folder of await topFolders()) {
    const files = await testFiles(folder, long);
    const expected = (long ? EXPECTED_LONG : EXPECTED).includes(folder);
    if (files.length === 0 && !expected) continue;
    const timeoutMs = (long ? 40 : 8) * 60_000;
    const suite = (name: string, runtime: Runtime): Suite => {
      return { name: long ? `${name}, long` : name, files, timeoutMs, command: (report) => runtime(files, report) };
    };
    suites.push(suite(`${folder} on bun`, onBun));
    if (folder === "kafka") suites.push(suite("kafka on deno", onDeno), suite("kafka on node", onNode));
  }
  return suites;
}

async function topFolders(): Promise<string[]> {
  const entries = await readdir(PROJECT_DIR, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith("."));
  const ours = folders.map(({ name }) => name).filter((name) => !NOT_OURS.includes(name));
  return [...new Set([...ours, ...EXPECTED])].toSorted();
}

async function testFiles(folder: string, long: boolean): Promise<string[]> {
  if (!existsSync(join(PROJECT_DIR, folder))) return [];
  const files = await Array.fromAsync(new Glob(`${folder}/**/*.test.ts`).scan({ cwd: PROJECT_DIR }));
  return files.filter((file) => file.endsWith(".long.test.ts") === long).toSorted();
}
