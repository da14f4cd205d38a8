// `npm run compare:upstream`: the tests of this folder on upstream's own build on Node, so that a row of README's table says what
// was seen. `npm test` runs the same files on our build on Bun, Deno and Node.
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { PROJECT_DIR } from "../../build/current.cjs";
import { buildUpstreamsAddon } from "../../build/upstream-addon.mjs";
import { runSuite } from "../../../tools/run-suite.ts";

process.env["ORDERWRIGHT_KAFKA_CLIENT"] = await buildUpstreamsAddon();
process.env["ORDERWRIGHT_UPSTREAMS_BUILD"] = "1";

const folder = relative(PROJECT_DIR, import.meta.dirname);
const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".test.ts"));
const { cases, failure, output } = await runSuite({
  name: "upstream's build on node",
  files: files.map((name) => join(folder, name)),
  timeoutMs: 8 * 60_000,
  command(reportFile) {
    const shown = ["--test-reporter=spec", "--test-reporter-destination=stdout"];
    const report = [...shown, "--test-reporter=junit", `--test-reporter-destination=${reportFile}`];
    const limits = ["--test-timeout=120000", "--test-concurrency=1"];
    return [process.execPath, "--import", "tsx", "--test", ...limits, ...report, ...this.files];
  },
});
const marks = { passed: "as upstream", failed: "OTHERWISE", skipped: "skipped" };
for (const { name, outcome } of cases) console.log(`${marks[outcome].padEnd(12)} ${name}`);
const failed = failure !== undefined || cases.some(({ outcome }) => outcome === "failed");
if (failed) console.log(output, failure ?? "");
process.exitCode = failed ? 1 : 0;
