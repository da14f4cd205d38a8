// For tests only.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { buildRelease, DIST_DIR } from "#release/build.ts";
import { services } from "#contracts/topics.ts";

const PROJECT_DIR = join(import.meta.dirname, "../..");

/** Null where containers can be started from a Compose file. With REQUIRE_DOCKER=1 the lack of one is an error, not a skip. */
export function engineUnavailable(): string | null {
  const reason =
    lackOf("docker", ["version", "--format", "{{.Server.Version}}"], "no Docker engine answers") ??
    lackOf("docker", ["compose", "version"], "the docker command has no compose plugin") ??
    lackOf("go", ["version"], "there is no Go to build the stand-in for Redpanda with");
  if (reason !== null && process.env["REQUIRE_DOCKER"] === "1") throw new Error(`REQUIRE_DOCKER=1, but ${reason}`);
  return reason;
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

/**
 * Builds the images of the Compose file: ours by the Dockerfile from binaries of the sources as they are, and the stand-in in
 * place of Redpanda. The Dockerfile's first stage needs an image from a registry, so it is left out here.
 */
export async function buildImages(folder: string): Promise<void> {
  await buildRelease(() => {});
  cpSync(DIST_DIR, join(folder, "dist"), { recursive: true });
  const dockerfile = readFileSync(join(PROJECT_DIR, "Dockerfile"), "utf8");
  const shortened = dockerfile.replace(/^FROM \$\{BUILD_IMAGE\} AS built\n[^]*?(?=^FROM )/m, "");
  if (shortened === dockerfile) throw new Error("the Dockerfile no longer has the stage that builds: adapt this");
  writeFileSync(join(folder, "Dockerfile"), shortened);
  for (const target of [...services, "orderwright"]) {
    const build = ["build", "--quiet", "--build-arg", "BINARIES=prebuilt", "--target", target];
    run("docker", [...build, "--tag", `orderwright/${target}`, folder]);
  }
  const standIn = join(folder, "stand-in");
  mkdirSync(standIn);
  const source = join(import.meta.dirname, "stand-in");
  run("go", ["build", "-C", source, "-trimpath", "-o", join(standIn, "stand-in"), "."], { CGO_ENABLED: "0" });
  writeFileSync(join(standIn, "Dockerfile"), 'FROM scratch\nCOPY stand-in /stand-in\nENTRYPOINT ["/stand-in"]\n');
  run("docker", ["build", "--quiet", "--tag", "orderwright/stand-in-for-redpanda", standIn]);
}

/** What a test changes in the Compose file: the broker, and ports that the system chooses. */
export const override = `services:
  redpanda:
    image: orderwright/stand-in-for-redpanda
    build: !reset null
    command: !override ["redpanda"]
    ports: !override []
    volumes: !override []
    healthcheck: { test: !override ["CMD", "/stand-in", "healthy"], interval: 1s }
  console: !reset null
${services.map((service, n) => `  ${service}: { ports: !override ["127.0.0.1::${8080 + n}"] }\n`).join("")}`;
