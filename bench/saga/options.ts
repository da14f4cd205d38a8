import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "../../cli/usage-error.ts";
import { type Row, rows, type Timing, timings } from "./rows.ts";

export interface SagaOptions {
  readonly rows: readonly Row[];
  readonly timing: Timing;
  /** Where the runs' stores are: their fsyncs are those of this disk. */
  readonly dataFolder: string;
  readonly markdown: boolean;
}

const quickRounds = 1;
const quickRows = ["one-line", "hot", "baskets"];
const roundsAtMost = 100;

export const sagaHelp = `npm run bench -- saga [--quick] [--rows NAME,...] [--rounds N] [--data DIR] [--markdown]

The saga, end to end on this machine: a broker, the four workers and a load client, each a process. Every row is run with the
workers as they are shipped and, in turn with that, message by message (bench/one-by-one); ratios are medians over the rounds.
A run whose audit is not clean, or in which one accepted order did not end as it must, is FAILED and has no figures.

  --rows NAME,...  only these: ${rows.map(({ name }) => name).join(", ")}
  --rounds N       runs of each row and variant (default: 1 to 3, by row)
  --quick          one short run of each of ${quickRows.join(", ")}: about two minutes, figures for a first look
  --data DIR       a folder on the disk to measure with (default: orderwright-bench in the temporary folder); the stores of
                   600,000 orders are made there once and kept, 490 MB
  --markdown       prints the tables for the documentation

Exit code: 0 all runs gave figures, 1 one failed, 2 the command line is not understood.`;

/** @throws UsageError with all problems */
export function parseSagaOptions(args: readonly string[]): SagaOptions {
  const values = split(args);
  const problems: string[] = [];
  const quick = values.quick ?? false;
  const names = values.rows?.flatMap((text) => text.split(",")).filter((text) => text !== "");
  const unknown = (names ?? []).filter((name) => !rows.some((row) => row.name === name));
  if (unknown.length > 0) {
    problems.push(`--rows: there is no ${unknown.join(", ")}; there are ${rows.map(({ name }) => name).join(", ")}`);
  }
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds >= 1 && rounds <= roundsAtMost)) {
    problems.push(`--rounds ${values.rounds} is no whole number from 1 to ${roundsAtMost}`);
  }
  if (problems.length > 0) throw new UsageError(problems);
  const chosen = names ?? (quick ? quickRows : rows.map(({ name }) => name));
  return {
    rows: rows
      .filter(({ name }) => chosen.includes(name))
      .map((row) => ({ ...row, rounds: rounds ?? (quick ? quickRounds : row.rounds) })),
    timing: quick ? timings.quick : timings.default,
    dataFolder: resolve(values.data ?? join(tmpdir(), "orderwright-bench")),
    markdown: values.markdown ?? false,
  };
}

function split(args: readonly string[]) {
  const options = {
    quick: { type: "boolean" },
    rows: { type: "string", multiple: true },
    rounds: { type: "string" },
    data: { type: "string" },
    markdown: { type: "boolean" },
  } as const;
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    throw new UsageError([(error as Error).message]);
  }
}
