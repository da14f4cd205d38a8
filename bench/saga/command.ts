import { mkdirSync } from "node:fs";
import process from "node:process";
import { apacheKafkaUnavailable } from "#kafka/apache-kafka/jars.ts";
import { UsageError } from "../../cli/usage-error.ts";
import { describeMachine } from "./machine.ts";
import { parseSagaOptions, sagaHelp, type SagaOptions } from "./options.ts";
import { costTable, labelOf, latencyTable, ratioTable, type Result, troubles } from "./results.ts";
import { connections } from "./loader.ts";
import { estimateSeconds, planRuns, type Run } from "./rows.ts";
import { inFlightAtMost, runOnce } from "./run.ts";
import { renderMarkdown, renderTable } from "./table.ts";

export const sagaSummary = "orders a second, CPU and latency of the saga, beside the same one message by message";

/** Gives the exit code. */
export async function benchSaga(args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    console.log(sagaHelp);
    return 0;
  }
  try {
    return await measure(parseSagaOptions(args));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    for (const problem of error.problems) console.error(`bench saga: ${problem}`);
    console.error("npm run bench -- saga --help says how it is used");
    return 2;
  }
}

async function measure(options: SagaOptions): Promise<number> {
  const { rows, timing, dataFolder, markdown } = options;
  mkdirSync(dataFolder, { recursive: true });
  const noKafka = rows.some(({ broker }) => broker === "kafka") ? await apacheKafkaUnavailable() : null;
  const runs = planRuns(rows);
  const possible = noKafka === null ? runs : runs.filter(({ row }) => row.broker !== "kafka");
  console.log(`The saga: ${runs.length} runs, about ${minutes(estimateSeconds(possible, timing))}`);
  // What a run has made goes at the exit; its processes end with this one.
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => process.exit(130));
  const machine = describeMachine(dataFolder);
  console.log(`${machine.join("\n")}\n`);
  const results: Result[] = [];
  for (const [index, run] of runs.entries()) {
    const progress = `run ${index + 1} of ${runs.length}: ${labelOf(run.row)}, ${run.variant}`;
    results.push({ ...run, outcome: await outcomeOf(run, options, noKafka, progress) });
  }
  const render = markdown ? renderMarkdown : renderTable;
  const parts = [
    ...(markdown ? [machine.join("; ")] : []),
    `At full load, medians of the runs:\n\n${render(costTable(results))}`,
    `Ms from the moment that an order was due to be posted until intake shows its end:\n\n${render(latencyTable(results))}`,
    `How many times better batches are than one by one, run beside it in the same round:\n\n${render(ratioTable(results))}`,
    legend,
    ...troubles(results),
  ];
  console.log(`\n${parts.join("\n\n")}`);
  return results.some(({ outcome }) => outcome.kind === "failed") ? 1 : 0;
}

const legend = `accepted/s: answered with 202, so durable. completed/s: intake shows the end. Both with at most ${inFlightAtMost} orders in
flight (in flight: how many there were on average) over ${connections} connections, an Idempotency-Key each. CPU ms/order: user and
system time of the four workers, for an order completed; then each process, the broker and the load client by themselves. half:
at half of that run's own completed/s. Every run was audited: each order accepted in it ended once, everywhere and as it must.`;

async function outcomeOf(
  { row, variant }: Run,
  { timing, dataFolder }: SagaOptions,
  noKafka: string | null,
  progress: string,
): Promise<Result["outcome"]> {
  if (row.broker === "kafka" && noKafka !== null) {
    console.log(`${progress}: SKIPPED: ${noKafka}`);
    return { kind: "skipped", reason: noKafka };
  }
  const say = (what: string) => {
    if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${progress}: ${what}`);
  };
  try {
    const figures = await runOnce({ row, variant, timing, dataFolder, say });
    say("");
    const { completedPerSecond, slow, half, orders } = figures;
    const latencies = `p99 ${slow.p99Ms.toFixed(0)} ms at 20/s, ${half.p99Ms.toFixed(0)} ms at half`;
    const line = `${completedPerSecond.toFixed(0)} completed/s, ${latencies}; ${orders} orders, audit clean`;
    console.log(`${process.stdout.isTTY ? "\r\x1b[K" : ""}${progress}: ${line}`);
    return { kind: "measured", figures };
  } catch (error) {
    const reason = (error as Error).message;
    console.log(`${process.stdout.isTTY ? "\r\x1b[K" : ""}${progress}: FAILED: ${reason}`);
    return { kind: "failed", reason };
  }
}

function minutes(seconds: number): string {
  return seconds < 100 ? `${Math.ceil(seconds / 10) * 10} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}
