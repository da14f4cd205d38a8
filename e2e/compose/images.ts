// For tests only.
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildRelease, DIST_DIR } from "#release/build.ts";
import { services } from "#contracts/topics.ts";
import { run } from "../containers/engine.ts";
import { buildStandIn, standInImage } from "../containers/images.ts";

const PROJECT_DIR = join(import.meta.dirname, "../..");

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
  buildStandIn();
}

/** What a test changes in the Compose file: Redpanda's image, what asks it for its health, and ports that the system chooses. */
export const override = `services:
  redpanda:
    image: ${standInImage}
    build: !reset null
    ports: !override []
    healthcheck: { test: !override ["CMD", "/rpk", "cluster", "info", "-X", "brokers=localhost:9092"], interval: 1s }
  console: !reset null
${services.map((service, n) => `  ${service}: { ports: !override ["127.0.0.1::${8080 + n}"] }\n`).join("")}`;
