// The load client, a process of its own so that its CPU is apart: bun client.ts PHASE-FILE REPORT-FILE. Prints "begun" with
// the moment of the first order, then "done"; then it waits for its end, so that its CPU can still be read.
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { stopWithParent } from "../../cli/start/stop-with-parent.ts";
import type { Phase } from "./phase.ts";
import { runPhase } from "./run-phase.ts";

stopWithParent();
const [, , phaseFile = "", reportFile = ""] = process.argv;
const phase = JSON.parse(readFileSync(phaseFile, "utf8")) as Phase;
const report = await runPhase(phase, (atMs) => process.stdout.write(`begun ${atMs}\n`));
// A file: some megabytes come through no pipe in one line.
writeFileSync(reportFile, JSON.stringify(report));
process.stdout.write("done\n");
