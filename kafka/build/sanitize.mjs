// `npm run sanitize -- address|thread [test file ...]`: the addon's C++, upstream's and ours, built with a sanitizer of GCC, and the tests
// of the joint on Node with it; librdkafka, which is C, as ever. Fails when a test does or there is a report, and says where they stay.
// Undefined behaviour is printed where it happens and fails nothing: upstream has some (kafka/README.md).
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_DIR } from "./current.cjs";

/** Undefined behaviour is looked for together with addresses. Upstream's casts of callbacks have no type information to check. */
const KINDS = {
  address: { flag: "address,undefined", more: ["-fno-sanitize=vptr"], libraries: ["libasan.so", "libubsan.so"] },
  thread: { flag: "thread", more: [], libraries: ["libtsan.so"] },
};
const [kind = "", ...given] = process.argv.slice(2);
if (kind !== "address" && kind !== "thread") {
  console.error("usage: npm run sanitize -- address|thread [test file ...]");
  process.exit(2);
}

const { flag, more, libraries } = KINDS[kind];
const flags = [`-fsanitize=${flag}`, ...more, "-fno-omit-frame-pointer", "-g"].join(" ");
const cacheDir = join(".cache", `sanitize-${kind}`);
const reports = join(PROJECT_DIR, cacheDir, "reports");
const build = {
  ...process.env,
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
const native = readdirSync(join(PROJECT_DIR, "kafka/native"), { recursive: true, encoding: "utf8" });
const all = native.filter((name) => name.endsWith(".test.ts")).map((name) => join("kafka/native", name));
const files = given.length > 0 ? given : all;
const node = [process.execPath, "--import", "tsx", "--test", "--test-concurrency=1", "--test-reporter=spec", ...files];
// Without a random address space: ThreadSanitizer's shadow memory has fixed places.
const { status } = spawnSync("setarch", ["-R", ...node], { cwd: PROJECT_DIR, env, stdio: "inherit" });

const found = readdirSync(reports).map((name) => join(reports, name));
for (const file of found) console.log(`${file}\n${readFileSync(file, "utf8").slice(0, 4_000)}`);
console.log(`${found.length} reports; the tests ended with ${status}`);
process.exitCode = status === 0 && found.length === 0 ? 0 : 1;

/** @param {string} name */
function libraryFile(name) {
  return execFileSync("gcc", [`-print-file-name=${name}`], { encoding: "utf8" }).trim();
}
