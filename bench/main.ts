// npm run bench -- [NAME] [options]: measures on this machine; each benchmark compares its rows in one run.
import process from "node:process";
import { benchClient } from "#kafka/bench/client.ts";
import { benchPage, pageSummary } from "./looking/page.ts";
import { benchTraces, tracesSummary } from "./looking/traces.ts";
import { benchViewers, viewersSummary } from "./looking/viewers.ts";
import { benchPoison, poisonSummary } from "./poison/command.ts";
import { benchSaga, sagaSummary } from "./saga/command.ts";

interface Benchmark {
  readonly summary: string;
  /** Gives the exit code. */
  run(args: readonly string[]): Promise<number>;
}

const benchmarks: Readonly<Record<string, Benchmark>> = {
  saga: { summary: sagaSummary, run: benchSaga },
  poison: { summary: poisonSummary, run: benchPoison },
  page: { summary: pageSummary, run: benchPage },
  viewers: { summary: viewersSummary, run: benchViewers },
  traces: { summary: tracesSummary, run: benchTraces },
  client: {
    summary:
      "what a message costs the Kafka client on each runtime, beside librdkafka in C and upstream on Node; --rounds N",
    async run(args) {
      const [option, text, ...more] = args;
      const rounds = text === undefined ? undefined : Number(text);
      const isRounds = option === "--rounds" && more.length === 0 && Number.isInteger(rounds) && Number(rounds) > 0;
      if (args.length > 0 && !isRounds) {
        console.error("The benchmark of the client has one option: --rounds N, a whole number above 0.");
        return 2;
      }
      await benchClient(rounds);
      return 0;
    },
  },
};

const overview = `npm run bench -- [NAME] [options]

${Object.entries(benchmarks)
  .map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`)
  .join("\n")}

npm run bench -- NAME --help says all about one. Without a name it is the saga's.`;

process.exit(await run(process.argv.slice(2)));

async function run([first, ...rest]: readonly string[]): Promise<number> {
  if (first === "--help" || first === "-h") {
    console.log(overview);
    return 0;
  }
  const [name, args] = first === undefined || first.startsWith("-") ? ["saga", process.argv.slice(2)] : [first, rest];
  const benchmark = benchmarks[name];
  if (benchmark !== undefined) return benchmark.run(args);
  console.error(`There is no benchmark "${name}"; there are: ${Object.keys(benchmarks).join(", ")}.`);
  return 2;
}
