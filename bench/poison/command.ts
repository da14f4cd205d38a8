import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Database } from "bun:sqlite";
import { services } from "#contracts/topics.ts";
import { median, pairedRounds, ratioOf } from "../paired-rounds.ts";
import { createLoader } from "../saga/loader.ts";
import { describeMachine } from "../saga/machine.ts";
import { openShop } from "../saga/open-shop.ts";
import { inFlightAtMost, ratesOf } from "../saga/run.ts";
import { type Shop, startShop, storePathIn } from "../saga/shop.ts";
import { renderTable } from "../saga/table.ts";
import { createWorkload } from "../saga/workloads.ts";
import { openPoisoner, type Poisoner, refusals } from "./poisoner.ts";

export const poisonSummary =
  "what 1 % of poison costs the good orders, against none and against as many copies of good messages";

const rounds = 5;
const allowedRatio = 1.1;
/** Reasons of dead letters that each run must have. */
const reasons = { easy: 4, hard: 6 };
const warmUpMs = 3_000;
const measuredMs = 6_000;

type Measured = Readonly<Record<"none" | "copies" | "some", Sample>>;

interface Sample {
  readonly cpuMs: number;
  readonly completedPerSecond: number;
}

/** Gives the exit code: 1 where poison costs more than a tenth. */
export async function benchPoison(args: readonly string[]): Promise<number> {
  const isHard = args[0] === "--hard";
  if (args.length > (isHard ? 1 : 0)) {
    console.log(
      "The benchmark of poison has one option: --hard, also what only a handler finds: broken rules, unknown errors.",
    );
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
    return report(await measure(shop, folder, isHard), deadLettersIn(folder), isHard);
  } finally {
    await shop.kill();
  }
}

/** One shop, one after the other in turn, so that whatever changes with its age changes for all. */
async function measure(shop: Shop, folder: string, isHard: boolean): Promise<readonly Measured[]> {
  const workload = createWorkload("one-line");
  await openShop(shop, workload);
  refuseSome(storePathIn(folder, "stock"));
  const load = createLoader(shop, workload, folder);
  const poisoner = await openPoisoner(shop.bootstrapServers, isHard);
  const phase = async (name: string) => {
    const durationMs = warmUpMs + measuredMs;
    const { completedPerSecond, cpuMs } = ratesOf(
      await load(name, { kind: "closed", inFlightAtMost, durationMs }, warmUpMs),
    );
    return { completedPerSecond, cpuMs: services.reduce((sum, service) => sum + cpuMs[service], 0) };
  };
  // The runtimes compile, what sets poison aside too.
  await followed(poisoner, "poison", () => phase("first-"));
  const measured = await pairedRounds(
    rounds,
    {
      none: (round: number) => phase(`none-${round}-`),
      copies: (round: number) => followed(poisoner, "copies", () => phase(`copies-${round}-`)),
      some: (round: number) => followed(poisoner, "poison", () => phase(`some-${round}-`)),
    },
    (round, { none, some, copies }) => {
      const ratios = `${(some.cpuMs / none.cpuMs).toFixed(3)}, copies ${(copies.cpuMs / none.cpuMs).toFixed(3)}`;
      console.log(`round ${round + 1} of ${rounds}: ${ratios}`);
    },
  );
  await poisoner.close();
  return measured;
}

/** For good and bad phases alike, so that what the triggers cost is in both. */
function refuseSome(storePath: string): void {
  const database = new Database(storePath);
  database.run("PRAGMA busy_timeout = 10000");
  for (const statement of refusals) database.run(statement);
  database.close();
}

/** Every order of the phase has ended as it must: the loader sees to that. */
async function followed(poisoner: Poisoner, kind: "poison" | "copies", phase: () => Promise<Sample>): Promise<Sample> {
  const ending = new AbortController();
  const following = poisoner.follow(kind, ending.signal);
  try {
    return await phase();
  } finally {
    ending.abort();
    await following;
  }
}

/** By reason, over all services. */
function deadLettersIn(folder: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const service of services) {
    const database = new Database(storePathIn(folder, service), { readonly: true });
    const query = "SELECT reason, count(*) AS letters FROM dead_letters GROUP BY reason";
    for (const { reason, letters } of database.query<{ reason: string; letters: number }, []>(query).all())
      found.set(reason, (found.get(reason) ?? 0) + letters);
    database.close();
  }
  return found;
}

function report(measured: readonly Measured[], deadLetters: ReadonlyMap<string, number>, isHard: boolean): number {
  const { ratio, text } = ratioOf(measured, ({ cpuMs }) => cpuMs);
  const copies = ratioOf(
    measured.map((round) => ({ none: round.none, some: round.copies })),
    ({ cpuMs }) => cpuMs,
  );
  const row = (name: string, arm: keyof Measured) => [
    name,
    median(measured.map((round) => round[arm].cpuMs)).toFixed(3),
    median(measured.map((round) => round[arm].completedPerSecond)).toFixed(0),
  ];
  const table = {
    columns: ["", "CPU ms/good order", "completed/s"],
    rows: [row("none", "none"), row("1 % copies", "copies"), row("1 % poison", "some")],
  };
  const kept = [...deadLetters].map(([reason, letters]) => `${reason} ${letters}`).join(", ");
  console.log(`\n${renderTable(table)}\n\ndead letters kept: ${kept}; medians of ${rounds} rounds.`);
  console.log(
    `poison against none ${text}, at most ${allowedRatio} is allowed; as many copies of good ones ${copies.text}`,
  );
  return deadLetters.size >= reasons[isHard ? "hard" : "easy"] && ratio <= allowedRatio ? 0 : 1;
}
