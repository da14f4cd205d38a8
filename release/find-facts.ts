import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import kafka from "@confluentinc/kafka-javascript";
import { createClient } from "@libsql/client/sqlite3";
import * as z from "zod";
import { clientFeatures } from "#kafka/build/features.mjs";
import type { BuildFacts } from "./build-facts.ts";

const PROJECT_DIR = join(import.meta.dirname, "..");

/** Asked of what goes into the binaries, not read from a list. */
export async function findBuildFacts(): Promise<BuildFacts> {
  return {
    commit: commit(),
    librdkafka: kafka.librdkafkaVersion,
    libsql: await libsqlVersion(),
    bun: process.versions.bun ?? "none",
    features: clientFeatures().available,
    system: `${process.platform}-${process.arch}`,
  };
}

/** A copy of the project without its history, as an image's build has it, names the commit by ORDERWRIGHT_COMMIT. */
function commit(): string {
  const given = process.env["ORDERWRIGHT_COMMIT"]?.trim();
  if (given) return given;
  const head = git("rev-parse", "--short=12", "HEAD");
  if (head === undefined) return "unknown";
  return git("status", "--porcelain") === "" ? head : `${head}+changes`;
}

function git(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync("git", args, { cwd: PROJECT_DIR, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

async function libsqlVersion(): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(PROJECT_DIR, "node_modules/libsql/package.json"), "utf8")) as {
    version: string;
  };
  const client = createClient({ url: ":memory:" });
  const answer = await client.execute("SELECT sqlite_version() AS version");
  client.close();
  const { version: sqlite } = z.object({ version: z.string() }).parse(answer.rows[0]);
  return `${version} (SQLite ${sqlite})`;
}
