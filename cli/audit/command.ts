import { renameSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { type Service, services } from "#contracts/topics.ts";
import { readSecretFiles } from "#workers/secret-files.ts";
import { defaultDataFolder } from "../data-folder.ts";
import { UsageError } from "../usage-error.ts";
import { audit } from "./audit.ts";
import { reportOf } from "./report.ts";
import { AuditRefusedError, openAuditStores, type StoreUrls, storeUrlsIn } from "./stores.ts";

export const auditHelp = `orderwright audit [--data DIR] [--store SERVICE=URL ...] [--patience SECONDS] [--metrics FILE]

Reads the stores of all services and proves, order by order, that every accepted order has exactly one end that all
services agree on, that pieces and money are conserved, that the ledger has each charge and refund exactly once, and that
no message is dead without anybody knowing. Else it names the order, the rule that it breaks, and what each store says.
It only reads, and may run while orders do: those in flight are not judged, unless nothing about them is on its way.

  --data DIR             the folder of the stores (default: .orderwright in the project)
  --store SERVICE=URL    where the store of ${services.join(", ")} is, when it is not in that folder; for libSQL servers the
                         token is taken from STORE_AUTH_TOKEN, or from the file that STORE_AUTH_TOKEN_FILE names
  --patience SECONDS     how long readers may stand still before orders in flight are left at that (default: 15)
  --metrics FILE         also writes what it came to for Prometheus, as node_exporter's textfile collector reads it

Exit code: 0 nothing is wrong, 1 something is, or the stores cannot be read, 2 the command line is not understood.`;

const tokenVariable = "STORE_AUTH_TOKEN";

/** @throws UsageError */
export async function auditCommand(args: readonly string[]): Promise<number> {
  const { urls, patienceMs, metricsFile } = parseOptions(args);
  const { environment, problems } = readSecretFiles(process.env, { secrets: [tokenVariable] });
  if (problems.length > 0) throw new UsageError(problems);
  const stopping = new AbortController();
  process.once("SIGINT", () => stopping.abort(new Error("stopped")));
  const startedAtMs = performance.now();
  try {
    const stores = openAuditStores(urls, environment[tokenVariable]?.trim() || undefined);
    try {
      const verdict = await audit(stores, { patienceMs, signal: stopping.signal });
      const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
      console.log(`${reportOf(verdict)}\n  read in   ${seconds} s`);
      if (metricsFile !== undefined) writeMetrics(metricsFile, verdict.findingCount);
      return verdict.findingCount === 0 ? 0 : 1;
    } finally {
      stores.close();
    }
  } catch (error) {
    if (!(error instanceof AuditRefusedError) && !stopping.signal.aborted) throw error;
    console.error(`audit: ${(error as Error).message}`);
    return 1;
  }
}

function parseOptions(args: readonly string[]): {
  readonly urls: StoreUrls;
  readonly patienceMs: number;
  readonly metricsFile: string | undefined;
} {
  const options = {
    data: { type: "string" },
    store: { type: "string", multiple: true },
    patience: { type: "string" },
    metrics: { type: "string" },
  } as const;
  const values = parsed(() => parseArgs({ args: [...args], options, strict: true }).values);
  const problems: string[] = [];
  const urls: Record<Service, string> = { ...storeUrlsIn(resolve(values.data ?? defaultDataFolder)) };
  for (const text of values.store ?? []) {
    const [, name = "", url = ""] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    const service = services.find((known) => known === name);
    if (service === undefined) problems.push(`--store ${text} is not SERVICE=URL; services are ${services.join(", ")}`);
    else urls[service] = url;
  }
  const patience = Number(values.patience ?? 15);
  if (!(patience >= 0 && patience <= 86_400)) problems.push(`--patience ${values.patience} is no number of seconds`);
  if (problems.length > 0) throw new UsageError(problems);
  return { urls, patienceMs: patience * 1_000, metricsFile: values.metrics };
}

/** Whole or not at all: the collector may read at any moment. */
function writeMetrics(file: string, findings: number): void {
  const lines = [
    "# HELP orderwright_audit_findings What the last audit found wrong",
    "# TYPE orderwright_audit_findings gauge",
    `orderwright_audit_findings ${findings}`,
    "# HELP orderwright_audit_timestamp_seconds When the last audit ended, since 1970",
    "# TYPE orderwright_audit_timestamp_seconds gauge",
    `orderwright_audit_timestamp_seconds ${Date.now() / 1_000}`,
  ];
  writeFileSync(`${file}.new`, `${lines.join("\n")}\n`);
  renameSync(`${file}.new`, file);
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError([(error as Error).message]);
  }
}
