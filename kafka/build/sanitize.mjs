// `npm run sanitize -- address|thread [test file ...]`: the addon's C++, upstream's and ours, built with a sanitizer of GCC, and the tests
// of the joint on Node with it; librdkafka, which is C, as ever. Fails when a test does or there is a report that is ours, and says where they stay;
// and when it does not find the fault that is planted first (planted-faults.cc), since then it would find nothing.
// Undefined behaviour is printed where it happens and fails nothing: upstream has some (kafka/README.md).
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { currentClient, PROJECT_DIR } from "./current.cjs";
import { judge, readReports } from "./sanitizer-reports.mjs";

/** Undefined behaviour is looked for together with addresses. Upstream's casts of callbacks have no type information to check. */
const KINDS = {
  address: { flag: "address,undefined", more: ["-fno-sanitize=vptr"], libraries: ["libasan.so", "libubsan.so"], c: [] },
  // ThreadSanitizer knows POSIX's threads and locks only, so librdkafka must not find those of C11: <threads.h> is empty then.
  thread: { flag: "thread", more: [], libraries: ["libtsan.so"], c: ["-D_THREADS_H"] },
};
const [kind = "", ...given] = process.argv.slice(2);
if (kind !== "address" && kind !== "thread") {
  console.error("usage: npm run sanitize -- address|thread [test file ...]");
  process.exit(2);
}

const { flag, more, libraries, c } = KINDS[kind];
const flags = [`-fsanitize=${flag}`, ...more, "-fno-omit-frame-pointer", "-g"].join(" ");
const cacheDir = join(".cache", `sanitize-${kind}`);
const reports = join(PROJECT_DIR, cacheDir, "reports");
const build = {
  ...process.env,
  CC: [process.env["CC"] ?? "gcc", ...c].join(" "),
  CXX: `${process.env["CXX"] ?? "g++"} ${flags}`,
  ORDERWRIGHT_CACHE_DIR: cacheDir,
};
execFileSync(process.execPath, ["kafka/build/main.mjs"], { cwd: PROJECT_DIR, env: build, stdio: "inherit" });

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });
const log = `log_path=${join(reports, kind)}`;
const env = {
  ...build,
  // Node itself has no sanitizer in it, so its runtime comes first.
  LD_PRELOAD: [...libraries, "libstdc++.so.6"].map(libraryFile).join(" "),
  // What V8 and Node leave behind at their end is not ours to judge; memory.long.test.ts looks at leaks.
  ASAN_OPTIONS: `detect_leaks=0:${log}`,
  TSAN_OPTIONS: `report_signal_unsafe=0:exitcode=0:${log}`,
};
console.log(`found as it was planted: ${findPlanted()}`);
const native = readdirSync(join(PROJECT_DIR, "kafka/native"), { recursive: true, encoding: "utf8" });
const all = native.filter((name) => name.endsWith(".test.ts")).map((name) => join("kafka/native", name));
const files = given.length > 0 ? given : all;
const node = [process.execPath, "--import", "tsx", "--test", "--test-concurrency=1", "--test-reporter=spec", ...files];
const { status } = inFixedPlaces(node);
const addon = currentClient(join(PROJECT_DIR, cacheDir, "kafka-client"))?.nodeFile ?? "";
const found = reportFiles().flatMap((file) => readReports(readFileSync(file, "utf8"), addon));
/** @type {Map<string, number>} */
const counts = new Map();
for (const report of found) {
  const { owner, calls } = judge(report);
  const line = [owner, ...calls].join("\n    ");
  counts.set(line, (counts.get(line) ?? 0) + 1);
}
for (const [line, count] of counts) console.log(`${count} x ${line}`);
const ours = found.filter((report) => judge(report).owner === "ours");
for (const report of ours) console.log(report);
console.log(`${found.length} reports, ${ours.length} of them ours, in ${reports}; the tests ended with ${status}`);
process.exitCode = status === 0 && ours.length === 0 ? 0 : 1;

/** @param {string} name */
function libraryFile(name) {
  return execFileSync("gcc", [`-print-file-name=${name}`], { encoding: "utf8" }).trim();
}

/**
 * Without a random address space: ThreadSanitizer's shadow memory has fixed places.
 * @param {string[]} command
 */
function inFixedPlaces(command) {
  return spawnSync("setarch", ["-R", ...command], { cwd: PROJECT_DIR, env, stdio: "inherit" });
}

function reportFiles() {
  return readdirSync(reports).map((name) => join(reports, name));
}

/** @returns {string} the line that names the planted fault; its reports are taken away again */
function findPlanted() {
  const addon = join(PROJECT_DIR, cacheDir, "planted-faults.node");
  const headers = dirname(createRequire(import.meta.url).resolve("node-api-headers/include/node_api.h"));
  const includes = [headers, "kafka/native/include", "kafka/native"].map((folder) => `-I${folder}`);
  const [compiler = "", ...words] = build.CXX.split(" ");
  const options = ["-std=c++20", "-O0", "-shared", "-fPIC", "-pthread", ...includes, "-o", addon];
  const compile = [...words, ...options, "kafka/build/planted-faults.cc"];
  execFileSync(compiler, compile, { cwd: PROJECT_DIR, stdio: "inherit" });
  inFixedPlaces([process.execPath, "--eval", `require(${JSON.stringify(addon)}).${kind}()`]);
  const text = reportFiles().map((file) => readFileSync(file, "utf8"));
  const summary = /^SUMMARY: .*(heap-use-after-free|data race) .*planted-faults\.cc.*$/m.exec(text.join("\n"));
  if (!summary) throw new Error(`The sanitizer did not find the fault that was planted:\n${text.join("\n")}`);
  for (const file of reportFiles()) rmSync(file);
  return summary[0];
}
