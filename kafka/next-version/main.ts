// npm run next-client -- VERSION: does another version of upstream compile against our headers, and pass the client's tests?
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { PROJECT_DIR } from "../build/current.cjs";
import { askedNames, missingNames } from "./asked-names.ts";
import { offeringSources, projectWith, upstreamSources } from "./project.ts";

const HELP = `npm run next-client -- VERSION [part of a suite's name ...]

Takes that version of @confluentinc/kafka-javascript from the registry into a temporary folder, lists what it asks of Nan, v8,
node and libuv that our headers do not offer, compiles it, and runs the client's tests on Bun, Deno and Node (or the suites
named, as "kafka on bun"; "none" for no tests). Changes nothing in the project. Ends with 1 when anything is missing or fails.`;

process.exitCode = main(process.argv.slice(2));

function main([version, ...suites]: readonly string[]): number {
  if (version === undefined || version.startsWith("-")) {
    console.log(HELP);
    return version === "--help" || version === "-h" ? 0 : 1;
  }
  const folder = mkdtempSync(join(tmpdir(), "next-client-"));
  try {
    return tryOut(version, folder, suites);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tryOut(version: string, folder: string, suites: readonly string[]): number {
  projectWith(version, folder, PROJECT_DIR);
  const asked = askedNames(upstreamSources(folder));
  const askedNow = new Set(askedNames(upstreamSources(PROJECT_DIR)));
  const missing = missingNames(asked, offeringSources(folder));
  const fresh = asked.filter((name) => !askedNow.has(name));
  console.log(`${version} asks for ${asked.length} names of Nan, v8, node and libuv`);
  console.log(`  new beside the locked version: ${fresh.join(", ") || "none"}`);
  console.log(`  not offered: ${missing.join(", ") || "none"}`);
  if (!run("node", ["kafka/build/main.mjs"], folder)) {
    console.log("does not compile: add what is missing to the header that upstream includes");
    return 1;
  }
  if (suites.includes("none")) return missing.length === 0 ? 0 : 1;
  const passed = run(process.execPath, ["tools/test.ts", ...(suites.length > 0 ? suites : ["kafka on"])], folder);
  return passed && missing.length === 0 ? 0 : 1;
}

function run(program: string, args: readonly string[], folder: string): boolean {
  return spawnSync(program, args, { cwd: folder, stdio: "inherit" }).status === 0;
}
