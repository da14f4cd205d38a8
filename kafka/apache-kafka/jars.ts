import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { publishFolder } from "../build/files.mjs";
import { takeLock } from "../build/lock.mjs";

const OLDEST_JAVA = 17;
const POM = fileURLToPath(new URL("pom.xml", import.meta.url));
const PROJECT_DIR = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);
let found: Promise<string> | undefined;

/**
 * The folder with the jars of Apache Kafka, resolved by Maven the first time, into the project's cache. Rejects with a
 * reason for a person where there is no Java 17, no Maven, or no repository to be reached.
 */
export function apacheKafkaJars(): Promise<string> {
  return (found ??= resolveJars());
}

/** Why Apache Kafka cannot be run here, or null: for tests to skip visibly. */
export async function apacheKafkaUnavailable(): Promise<string | null> {
  try {
    await apacheKafkaJars();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function resolveJars(): Promise<string> {
  await checkJava();
  const cache = join(PROJECT_DIR, process.env["ORDERWRIGHT_CACHE_DIR"] ?? ".cache", "apache-kafka");
  const jars = join(cache, createHash("sha256").update(readFileSync(POM)).digest("hex").slice(0, 16));
  if (existsSync(jars)) return jars;
  const unlock = await takeLock(cache, { onWait: () => {} });
  try {
    if (!existsSync(jars)) await copyJars(cache, jars);
    return jars;
  } finally {
    unlock();
  }
}

async function checkJava(): Promise<void> {
  let version: string;
  try {
    version = (await run("java", ["-version"])).stderr;
  } catch (cause) {
    throw new Error(`there is no Java here (Apache Kafka needs ${OLDEST_JAVA} or newer)`, { cause });
  }
  const major = Number(/version "(\d+)/.exec(version)?.[1] ?? 0);
  if (major < OLDEST_JAVA) throw new Error(`Java is too old: Apache Kafka needs ${OLDEST_JAVA}, found ${major}`);
}

/** Aside and then moved: a folder that is there is whole. */
async function copyJars(cache: string, jars: string): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, "resolving-"));
  const goal = ["dependency:copy-dependencies", `-DoutputDirectory=${join(work, "jars")}`, "-DincludeScope=runtime"];
  try {
    await run("mvn", ["--batch-mode", "--quiet", "--file", POM, ...goal], { maxBuffer: 64 << 20 });
    publishFolder(join(work, "jars"), jars);
  } catch (cause) {
    const { code, stdout = "" } = cause as { code?: unknown; stdout?: string };
    if (code === "ENOENT") throw new Error("there is no Maven here (mvn), which resolves Apache Kafka", { cause });
    const reason = stdout.split("\n").find((line) => line.startsWith("[ERROR]")) ?? String(cause);
    throw new Error(`Maven could not resolve Apache Kafka: ${reason}`, { cause });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
