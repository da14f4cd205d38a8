// Upstream's own addon, on Node only: its C++ with NAN and Node's headers, as its binding.gyp says, and the same librdkafka that
// our client has. What behaves otherwise is then our joint's doing. For comparisons; nothing of it is ever shipped.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { BuildError } from "./build-error.mjs";
import { librariesOf, librdkafkaName } from "./build-client.mjs";
import { createCommands } from "./commands.mjs";
import { defaultCacheDir, PROJECT_DIR } from "./current.cjs";
import { ensureClient } from "./ensure-client.mjs";
import { compileAll } from "./objects.mjs";
import { createProgress } from "./progress.mjs";
import { findToolchain } from "./toolchain.mjs";

/** RTTI stays on, as upstream asks for; strict aliasing is off in all of Node's addons. */
const COMPILE = ["-std=gnu++20", "-O2", "-fPIC", "-fno-strict-aliasing", "-pthread", "-w", "-DBUILDING_NODE_EXTENSION"];
const LINK = ["-shared", "-pthread", "-Wl,--exclude-libs,ALL", "-Wl,-Bsymbolic"];

/**
 * Builds it for the Node that runs this, which has its headers beside it, as those of nodejs.org, its images and nvm have.
 * @returns {Promise<string>} the .node file
 * @throws {BuildError} with the reason
 */
export async function buildUpstreamsAddon() {
  await ensureClient();
  const cacheDir = defaultCacheDir();
  const { env } = process;
  const toolchain = findToolchain({ cacheDir, env });
  const upstream = join(PROJECT_DIR, "node_modules/@confluentinc/kafka-javascript");
  const nan = dirname(createRequire(join(upstream, "package.json")).resolve("nan/package.json"));
  const rdkafka = join(upstream, "deps/librdkafka");
  const includes = [nodeHeaders(), nan, upstream, join(rdkafka, "src"), join(rdkafka, "src-cpp")];
  const command = [...toolchain.cxx, ...COMPILE, ...includes.map((folder) => `-I${folder}`)];
  const inputs = `${process.version} ${toolchain.identity}`;
  const folder = join(cacheDir, "upstream");
  mkdirSync(folder, { recursive: true });
  const workDir = mkdtempSync(join(folder, "tmp."));
  const commands = createCommands(join(folder, "build.log"));
  const progress = createProgress(process.stderr);
  try {
    const sources = readdirSync(join(upstream, "src")).filter((name) => name.endsWith(".cc"));
    const units = sources.map((name) => ({ source: join(upstream, "src", name), command, inputs }));
    const objects = await compileAll(units, { folder, workDir, commands, progress, env });
    const librdkafka = join(cacheDir, "librdkafka", librdkafkaName(PROJECT_DIR, toolchain));
    const archives = [join(librdkafka, "src-cpp/librdkafka++.a"), join(librdkafka, "src/librdkafka.a")];
    const nodeFile = join(folder, "confluent-kafka-javascript.node");
    const libraries = [...archives, ...librariesOf(toolchain)];
    await commands.run([...toolchain.cxx, ...LINK, "-o", nodeFile, ...objects, ...libraries], { env });
    return nodeFile;
  } finally {
    progress.end();
    commands.killAll();
    commands.close();
    rmSync(workDir, { recursive: true, force: true });
  }
}

/** @returns {string} the folder with node.h and v8.h of exactly this Node */
function nodeHeaders() {
  const folder = join(dirname(process.execPath), "../include/node");
  const file = join(folder, "node_version.h");
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const number = (/** @type {string} */ name) => new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1];
  if (`v${number("MAJOR")}.${number("MINOR")}.${number("PATCH")}` === process.version) return folder;
  throw new BuildError(
    `Upstream's own addon cannot be built: ${folder} does not have the headers of Node ${process.version}.`,
  );
}
