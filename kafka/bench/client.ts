import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { currentClient } from "../build/current.cjs";
import { startEmbeddedBroker } from "../embedded-broker/start.ts";

const MESSAGES = 100_000;
const VALUE_BYTES = 350;
const HEADERS = [0, 2, 7];
const ROW_TIMEOUT_MS = 120_000;

interface Cost {
  readonly messages: number;
  readonly wallMs: number;
  readonly cpuMs: number;
}

interface Row {
  readonly what: "produce" | "consume";
  readonly headers: number;
  readonly runtime: string;
  readonly costs: Cost[];
}

/**
 * What a message costs on each runtime, beside librdkafka in C, and upstream's own build with its own API on Node: all rows in
 * one run, interleaved, each in a process and on an embedded broker of its own. Prints CPU time per message (µs, minimum /
 * median / maximum; the client's process alone), its ratio to librdkafka's, and messages/s, for which broker and client share
 * the machine's cores.
 */
export async function benchClient(rounds = 5): Promise<void> {
  const runtimes = commands(await buildUpstreamsAddon());
  const rows: Row[] = HEADERS.flatMap((headers) =>
    (["produce", "consume"] as const).flatMap((what) =>
      Object.keys(runtimes).map((runtime) => ({ what, headers, runtime, costs: [] })),
    ),
  );
  console.log(
    `The client: ${MESSAGES} messages of ${VALUE_BYTES} B, batches of 500, ${rounds} rounds, embedded broker\n`,
  );
  for (let round = 1; round <= rounds; round++) {
    for (const headers of HEADERS) {
      for (const [runtime, command] of Object.entries(runtimes)) {
        if (process.stderr.isTTY)
          process.stderr.write(`\r\x1b[Kround ${round} of ${rounds}: ${runtime}, ${headers} headers`);
        await measure(rows, runtime, command, headers);
      }
    }
  }
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  printTable(rows);
}

interface Command {
  readonly run: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** How to run a row's work on each runtime; librdkafka's own is the one that the others are compared with. */
function commands(upstreamsAddon: string | undefined): Readonly<Record<string, Command>> {
  const [work = "", upstreamWork = ""] = ["work.ts", "upstream-work.ts"].map((name) =>
    fileURLToPath(new URL(name, import.meta.url)),
  );
  const client = currentClient();
  if (!client) throw new Error('the Kafka client is not built: run "npm run setup" first');
  const deno = createRequire(import.meta.url).resolve("deno/bin.cjs");
  return {
    librdkafka: { run: [client.librdkafkaLimit] },
    bun: { run: [process.execPath, work] },
    deno: { run: ["node", deno, "run", "-A", "--no-check", "--node-modules-dir=manual", work] },
    node: { run: ["node", "--import", "tsx", work] },
    ...(upstreamsAddon !== undefined && {
      upstream: {
        run: ["node", "--import", "tsx", upstreamWork],
        env: { ORDERWRIGHT_KAFKA_CLIENT: upstreamsAddon },
      },
    }),
  };
}

/** Upstream's own addon, built by the Node that is to load it; without one its rows are left out, which is said. */
async function buildUpstreamsAddon(): Promise<string | undefined> {
  const script = `import(${JSON.stringify(new URL("../build/upstream-addon.mjs", import.meta.url).href)})
    .then(({ buildUpstreamsAddon }) => buildUpstreamsAddon()).then(console.log)`;
  try {
    return (await promisify(execFile)("node", ["-e", script])).stdout.trim().split("\n").at(-1);
  } catch (error) {
    console.log(`Without upstream's own build on Node: ${String((error as { stderr?: string }).stderr)}`);
    return undefined;
  }
}

async function measure(rows: readonly Row[], runtime: string, command: Command, headers: number): Promise<void> {
  const topic = { name: "bench", partitions: 12, readers: [] };
  const broker = await startEmbeddedBroker({ topics: [topic], unclaimedLimitMiB: 64 });
  try {
    for (const what of ["produce", "consume"] as const) {
      const [program = "", ...flags] = command.run;
      const work = [what, broker.bootstrapServers, topic.name, MESSAGES, VALUE_BYTES, headers].map(String);
      const { stdout } = await promisify(execFile)(program, [...flags, ...work], {
        timeout: ROW_TIMEOUT_MS,
        env: { ...process.env, ...command.env },
      });
      const row = rows.find((r) => r.what === what && r.headers === headers && r.runtime === runtime);
      row?.costs.push(JSON.parse(stdout) as Cost);
    }
  } finally {
    await broker.stop();
  }
}

function printTable(rows: readonly Row[]): void {
  console.log("work     headers  on          CPU µs/message       of librdkafka  messages/s");
  console.log("                              min   median     max  (median)       (median)");
  for (const { what, headers, runtime, costs } of rows) {
    const cpu = summary(costs.map(({ messages, cpuMs }) => (cpuMs * 1000) / messages));
    const perSecond = summary(costs.map(({ messages, wallMs }) => (messages * 1000) / wallMs));
    const limit = rows.find((r) => r.what === what && r.headers === headers && r.runtime === "librdkafka");
    const ratio = cpu.median / summary((limit?.costs ?? []).map((c) => (c.cpuMs * 1000) / c.messages)).median;
    const figures = [cpu.min, cpu.median, cpu.max].map((us) => us.toFixed(2).padStart(7)).join(" ");
    const name = `${what.padEnd(8)} ${String(headers).padStart(7)}  ${runtime.padEnd(10)}`;
    console.log(
      `${name} ${figures}  ${`${ratio.toFixed(1)} x`.padStart(10)}  ${perSecond.median.toFixed(0).padStart(12)}`,
    );
  }
}

function summary(values: readonly number[]): { min: number; median: number; max: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return { min: at(0), median: at(Math.floor(sorted.length / 2)), max: at(sorted.length - 1) };
}
