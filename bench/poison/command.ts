import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Database } from "bun:sqlite";
import { services } from "#contracts/topics.ts";
import { median, type Pair, pairedRounds, ratioOf } from "../paired-rounds.ts";
import { createLoader } from "../saga/loader.ts";
import { describeMachine } from "../saga/machine.ts";
import { openShop } from "../saga/open-shop.ts";
import { ratesOf } from "../saga/run.ts";
import { type Shop, startShop, storePathIn } from "../saga/shop.ts";
import { renderTable } from "../saga/table.ts";
import { createWorkload } from "../saga/workloads.ts";
import { openPoisoner, type Poisoner } from "./poisoner.ts";

export const poisonSummary = "what 1 % of poison costs the good orders, against none";

const rounds = 5;
const share = 0.01;
const allowedRatio = 1.1;
const warmUpMs = 3_000;
const measuredMs = 6_000;
const inFlightAtMost = 1_000;

interface Sample {
  readonly cpuMs: number;
  readonly completedPerSecond: number;
}

/** Gives the exit code: 1 where poison costs more than a tenth. */
export async function benchPoison(args: readonly string[]): Promise<number> {
  if (args.length > 0) {
    console.log("The benchmark of poison has no options.");
    return 2;
  }
  const dataFolder = join(tmpdir(), "orderwright-bench");
  mkdirSync(dataFolder, { recursive: true });
  const folder = mkdtempSync(join(dataFolder, "poison-"));
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => process.exit(130));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  console.log(`${describeMachine(dataFolder).join("\n")}\n`);
  const shop = await startShop({ variant: "batches", broker: "embedded", folder });
  try {
    return report(await measure(shop, folder), deadLettersIn(folder));
  } finally {
    await shop.kill();
  }
}

/** One shop, one after the other in turn, so that whatever changes with its age changes for both. */
async function measure(shop: Shop, folder: string): Promise<readonly Pair<Sample>[]> {
  const workload = createWorkload("one-line");
  await openShop(shop, workload);
  const load = createLoader(shop, workload, folder);
  const poisoner = await openPoisoner(shop.bootstrapServers);
  const phase = async (name: string) => {
    const durationMs = warmUpMs + measuredMs;
    const { completedPerSecond, cpuMs } = ratesOf(
      await load(name, { kind: "closed", inFlightAtMost, durationMs }, warmUpMs),
    );
    return { completedPerSecond, cpuMs: services.reduce((sum, service) => sum + cpuMs[service], 0) };
  };
  // The runtimes compile.
  let { completedPerSecond: rate } = await phase("first-");
  const measured = await pairedRounds(
    rounds,
    {
      none: async (round: number) => {
        const sample = await phase(`none-${round}-`);
        ({ completedPerSecond: rate } = sample);
        return sample;
      },
      some: (round: number) => poisonedPhase(poisoner, rate, () => phase(`some-${round}-`)),
    },
    (round, { none, some }) => console.log(`round ${round + 1} of ${rounds}: ${(some.cpuMs / none.cpuMs).toFixed(3)}`),
  );
  await poisoner.close();
  return measured;
}

/** Every order of the phase has ended as it must: the loader sees to that. */
async function poisonedPhase(poisoner: Poisoner, rate: number, phase: () => Promise<Sample>): Promise<Sample> {
  const ending = new AbortController();
  const poisoning = poisoner.run(rate * share, ending.signal);
  try {
    return await phase();
  } finally {
    ending.abort();
    await poisoning;
  }
}

function deadLettersIn(folder: string): number {
  return services.reduce((sum, service) => {
    const database = new Database(storePathIn(folder, service), { readonly: true });
    const [row] = database.query<{ letters: number }, []>("SELECT count(*) AS letters FROM dead_letters").all();
    database.close();
    return sum + (row?.letters ?? 0);
  }, 0);
}

function report(measured: readonly Pair<Sample>[], deadLetters: number): number {
  const { ratio, text } = ratioOf(measured, ({ cpuMs }) => cpuMs);
  const row = (name: string, samples: readonly Sample[]) => [
    name,
    median(samples.map(({ cpuMs }) => cpuMs)).toFixed(3),
    median(samples.map(({ completedPerSecond }) => completedPerSecond)).toFixed(0),
  ];
  const table = {
    columns: ["", "CPU ms/good order", "completed/s"],
    rows: [
      row(
        "none",
        measured.map(({ none }) => none),
      ),
      row(
        "1 % poison",
        measured.map(({ some }) => some),
      ),
    ],
  };
  console.log(`\n${renderTable(table)}\n\n${deadLetters} dead letters kept; medians of ${rounds} rounds.`);
  console.log(`ratio ${text}, at most ${allowedRatio} is allowed`);
  return deadLetters > 0 && ratio <= allowedRatio ? 0 : 1;
}
