import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { listenOnFreePort } from "#kafka/free-ports.ts";
import { pairedRounds } from "../paired-rounds.ts";
import { createLoader } from "../saga/loader.ts";
import { openShop } from "../saga/open-shop.ts";
import { startShop } from "../saga/shop.ts";
import { createWorkload } from "../saga/workloads.ts";
import { atFullLoad, openFolder, report } from "./full-load.ts";

export const tracesSummary = "what it costs to trace every order, against none (--sampled: against one in ten)";

const rounds = 3;

/** Gives the exit code; there is no bound to hold. */
export async function benchTraces(args: readonly string[]): Promise<number> {
  const isSampled = args[0] === "--sampled";
  if (args.length > (isSampled ? 1 : 0)) {
    console.log("npm run bench -- traces [--sampled]");
    return 2;
  }
  const folder = openFolder("traces");
  const endpoint = await openEndpoint();
  const asked: Readonly<Record<string, string>> = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url };
  const sampled = { ...asked, OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.1" };
  const run = async (name: string, environment: Readonly<Record<string, string>>) => {
    const own = join(folder, name);
    mkdirSync(own);
    const shop = await startShop({ variant: "batches", broker: "embedded", folder: own, environment });
    try {
      const workload = createWorkload("one-line");
      await openShop(shop, workload);
      return await atFullLoad(createLoader(shop, workload, own), `${name}-`);
    } finally {
      await shop.kill();
    }
  };
  const measure = {
    none: (round: number) => run(`none-${round}`, {}),
    some: (round: number) => run(`some-${round}`, isSampled ? sampled : asked),
  };
  const pairs = await pairedRounds(rounds, measure, (round, { none, some }) => {
    console.log(`round ${round + 1} of ${rounds}: ${(some.servicesMs / none.servicesMs).toFixed(3)}`);
  });
  report(pairs, { none: "not traced", some: isSampled ? "one in ten traced" : "all traced" });
  console.log(`the endpoint got ${endpoint.requests()} requests, ${(endpoint.bytes() / 1e6).toFixed(0)} MB`);
  endpoint.close();
  return endpoint.requests() > 0 ? 0 : 1;
}

/** An OTLP endpoint that reads and forgets. */
async function openEndpoint() {
  let requests = 0;
  let bytes = 0;
  const server = createServer((request, response) => {
    request.on("data", (piece: Buffer) => void (bytes += piece.length));
    request.on("end", () => {
      requests += 1;
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  const port = await listenOnFreePort(server);
  return {
    url: `http://127.0.0.1:${port}`,
    requests: () => requests,
    bytes: () => bytes,
    close: () => void server.close(),
  };
}
