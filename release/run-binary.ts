import process from "node:process";
import type { Service } from "#contracts/topics.ts";
import { type BuildFacts, versionText } from "./build-facts.ts";
import { askReady } from "./ask-ready.ts";
import { unpackingProblem } from "./unpacking.ts";

/** The bundler puts it in. */
declare const ORDERWRIGHT_BUILD: BuildFacts;

/**
 * A service as a binary. What it is asked on the command line is answered before the addons are unpacked, which may fail, and
 * costs time: a health check runs it every few seconds.
 */
export async function runServiceBinary(service: Service, load: () => Promise<unknown>): Promise<void> {
  const name = `orderwright-${service}`;
  const [option, ...rest] = process.argv.slice(2);
  if (option === undefined) return loadOrExplain(name, load);
  if (rest.length === 0 && option === "--version") return console.log(versionText(name, ORDERWRIGHT_BUILD));
  if (rest.length === 0 && (option === "--help" || option === "-h")) return console.log(helpOf(service));
  if (rest.length === 0 && option === "--ready") process.exit(await askReady(service, process.env));
  console.error(`${name}: "${[option, ...rest].join(" ")}" is not understood\n\n${helpOf(service)}`);
  process.exit(2);
}

/** The operator's command as a binary. */
export async function runCommandBinary(load: () => Promise<unknown>): Promise<void> {
  const name = "orderwright";
  const [command] = process.argv.slice(2);
  if (command === "--version") return console.log(versionText(name, ORDERWRIGHT_BUILD));
  if (command === "start") {
    console.error(`${name}: "start" runs a shop from the project's sources, with its orders: npm start`);
    process.exit(2);
  }
  await loadOrExplain(name, load);
}

async function loadOrExplain(name: string, load: () => Promise<unknown>): Promise<void> {
  try {
    await load();
  } catch (error) {
    const problem = unpackingProblem(error);
    if (problem === undefined) throw error;
    process.stderr.write(`${name}: ${problem}\n`);
    process.exit(1);
  }
}

const helpOf = (service: Service) => `orderwright-${service} [--version | --help | --ready]

Runs the ${service} service until SIGTERM. It is told everything by its environment, and refuses to start with all problems
at once; "orderwright config ${service}" shows it. Logs are JSON lines on standard output.

  --version  the commit, and the versions of what is inside
  --ready    asks the service that runs here (HTTP_HOST, HTTP_PORT) whether it is ready: exit code 0 or 1; for health checks

Exit code: 0 stopped when asked to, 1 it could not start or go on, 2 the command line is not understood.`;
