// For tests only.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";

const PROJECT_DIR = join(import.meta.dirname, "../..");

/** Each gives null where it is there, else what is missing. */
export const needs = {
  engine: () => lackOf("docker", ["version", "--format", "{{.Server.Version}}"], "no Docker engine answers"),
  compose: () => lackOf("docker", ["compose", "version"], "the docker command has no compose plugin"),
  go: () => lackOf("go", ["version"], "there is no Go to build the stand-in for Redpanda with"),
  image: (image: string) => lackOf("docker", ["image", "inspect", image], `the engine has no image ${image}`),
};

/**
 * What of it is missing first: null where nothing is. With REQUIRE_DOCKER=1 a lack is an error, not a skip.
 * @throws Error
 */
export function missing(
  asked: readonly (() => string | null)[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | null {
  for (const ask of asked) {
    const reason = ask();
    if (reason === null) continue;
    if (environment["REQUIRE_DOCKER"] === "1") throw new Error(`REQUIRE_DOCKER=1, but ${reason}`);
    return reason;
  }
  return null;
}

function lackOf(command: string, args: readonly string[], reason: string): string | null {
  return spawnSync(command, args, { timeout: 20_000 }).status === 0 ? null : reason;
}

/** Runs a command to its end. @throws Error with all that it wrote */
export function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const options = { cwd: PROJECT_DIR, encoding: "utf8", env: { ...process.env, ...env }, maxBuffer: 64 << 20 } as const;
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? `${stdout}\n${stderr}`}`);
}
