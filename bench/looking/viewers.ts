import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { pairedRounds } from "../paired-rounds.ts";
import { createLoader } from "../saga/loader.ts";
import { openShop } from "../saga/open-shop.ts";
import { startShop } from "../saga/shop.ts";
import { createWorkload } from "../saga/workloads.ts";
import { atFullLoad, openFolder, report, type Sample } from "./full-load.ts";

export const viewersSummary = "what 200 who watch the page cost at full load, against none";

const rounds = 5;
const viewers = 200;
/** Of the orders a second. */
const allowedLoss = 0.1;
const program = fileURLToPath(new URL("./viewers-process.ts", import.meta.url));

/** Gives the exit code: 1 where they cost more than a tenth of the orders. */
export async function benchViewers(args: readonly string[]): Promise<number> {
  if (args.length > 0) {
    console.log("The benchmark of viewers has no options.");
    return 2;
  }
  const folder = openFolder("viewers");
  const shop = await startShop({ variant: "batches", broker: "embedded", folder });
  try {
    const workload = createWorkload("one-line");
    await openShop(shop, workload);
    const load = createLoader(shop, workload, folder);
    await atFullLoad(load, "first-"); // the runtimes compile
    const measure = {
      none: (round: number) => atFullLoad(load, `none-${round}-`),
      some: (round: number) => watched(shop.ports.intake, () => atFullLoad(load, `some-${round}-`)),
    };
    const pairs = await pairedRounds(rounds, measure, (round, { none, some }) => {
      const ratio = (some.completedPerSecond / none.completedPerSecond).toFixed(3);
      console.log(`round ${round + 1} of ${rounds}: ${ratio}`);
    });
    const ratio = report(pairs, { none: "nobody", some: `${viewers} viewers` });
    console.log(`at least ${1 - allowedLoss} of the orders a second is asked for`);
    return ratio >= 1 - allowedLoss ? 0 : 1;
  } finally {
    await shop.kill();
  }
}

/** With all of them watching from before the phase to its end; each that reads must have been told each second. */
async function watched(port: number, phase: () => Promise<Sample>): Promise<Sample> {
  const child: ChildProcess = spawn(process.execPath, [program, String(port), String(viewers)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    if (child.stdout === null || child.stdin === null) throw new Error("viewers without pipes");
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => (await lines.next()).value ?? "the viewers have ended";
    if ((await next()) !== "watching") throw new Error("the viewers do not watch");
    const sample = await phase();
    child.stdin.write("end\n");
    const said = await next();
    if (!said.startsWith("all were told")) throw new Error(said);
    return sample;
  } finally {
    if (child.exitCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
}
