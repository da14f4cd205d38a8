// npm run bench [-- NAME ...]: runs the benchmarks; each compares its rows in one run.
import process from "node:process";
import { benchClient } from "#kafka/bench/client.ts";

const BENCHMARKS: Readonly<Record<string, () => Promise<void>>> = { client: benchClient };

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(BENCHMARKS);
for (const name of names) {
  const run = BENCHMARKS[name];
  if (!run) {
    console.error(`There is no benchmark "${name}"; there are: ${Object.keys(BENCHMARKS).join(", ")}.`);
    process.exit(2);
  }
  await run();
}
