// From sources to files: librdkafka, upstream's C++ and our joint as one .node, and the programs over librdkafka.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { clientIn, lockedPackage } from "./current.cjs";
import { buildLibrdkafka, configureArguments } from "./librdkafka.mjs";
import { compileAll, dropUnused, headersHash } from "./objects.mjs";
import { ADDON_COMPILE, ADDON_EXPORTS, ADDON_LINK, PROGRAMS } from "./targets.mjs";
import { BuildError } from "./build-error.mjs";

/**
 * @typedef {object} Build
 * @property {string} projectDir
 * @property {string} cacheDir
 * @property {string} workDir
 * @property {NodeJS.ProcessEnv} env
 * @property {import("./toolchain.mjs").Toolchain} toolchain
 * @property {string} sources
 * @property {import("./commands.mjs").Commands} commands
 * @property {import("./progress.mjs").Progress} progress
 */

/**
 * Builds everything into a folder below `workDir`.
 * @param {Build} build
 * @returns {Promise<string>} the folder with the finished files
 */
export async function buildClient(build) {
  const { projectDir, cacheDir, workDir, env, toolchain, commands, progress } = build;
  const upstream = join(projectDir, "node_modules/@confluentinc/kafka-javascript");
  const librdkafka = join(cacheDir, "librdkafka", librdkafkaName(projectDir, toolchain));
  const objectsDir = join(cacheDir, "objects");
  for (const folder of [join(cacheDir, "librdkafka"), objectsDir]) mkdirSync(folder, { recursive: true });
  await buildLibrdkafka({ upstream, target: librdkafka, workDir, toolchain, commands, progress, env });

  const addon = addonUnits({ projectDir, upstream, toolchain });
  const programs = PROGRAMS.map((program) => ({
    ...program,
    units: programUnits(program, { projectDir, librdkafka, toolchain }),
  }));
  const units = [...addon, ...programs.flatMap((program) => program.units)];
  const objects = await compileAll(units, { folder: objectsDir, workDir, commands, progress, env });

  const out = join(workDir, "client");
  mkdirSync(out);
  const made = programs.filter((program) => program.units.length > 0);
  progress.begin("linking", 1 + made.length, 0.02);
  await linkAddon({ ...build, librdkafka, objects: objects.slice(0, addon.length), out });
  let next = addon.length;
  for (const { name, link, units: own } of made) {
    const files = objects.slice(next, (next += own.length));
    const libraries = [join(librdkafka, "src/librdkafka.a"), ...librariesOf(toolchain)];
    await commands.run([...toolchain.cc, "-pthread", ...link, "-o", join(out, name), ...files, ...libraries], { env });
    progress.advance();
  }
  dropUnused(objectsDir, objects);
  return out;
}

/**
 * librdkafka has a hash of its own: a change of our sources does not build it again.
 * @param {string} projectDir
 * @param {import("./toolchain.mjs").Toolchain} toolchain
 */
export function librdkafkaName(projectDir, toolchain) {
  const upstream = lockedPackage(projectDir, "@confluentinc/kafka-javascript");
  const { identity, libraries } = toolchain;
  const inputs = [upstream, identity, libraries, configureArguments(toolchain), process.platform, process.arch];
  return createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 24);
}

/**
 * @param {{ projectDir: string, upstream: string, toolchain: import("./toolchain.mjs").Toolchain }} options
 * @returns {import("./objects.mjs").Unit[]}
 */
function addonUnits({ projectDir, upstream, toolchain }) {
  const native = join(projectDir, "kafka/native");
  const nodeApi = join(projectDir, "node_modules/node-api-headers/include");
  const rdkafka = join(upstream, "deps/librdkafka");
  // Ours come first: upstream's `#include <nan.h>` and `<uv.h>` must find them.
  const includes = [join(native, "include"), native, nodeApi, upstream, join(rdkafka, "src"), join(rdkafka, "src-cpp")];
  const command = [...toolchain.cxx, ...ADDON_COMPILE, ...includes.map((folder) => `-I${folder}`)];
  const inputs = headersHash([native, nodeApi, join(upstream, "src")]) + toolchain.identity;
  const sources = [...filesIn(native, ".cc"), ...filesIn(join(upstream, "src"), ".cc")];
  return sources.map((source) => ({ source, command, inputs }));
}

/**
 * @param {(typeof PROGRAMS)[number]} program
 * @param {{ projectDir: string, librdkafka: string, toolchain: import("./toolchain.mjs").Toolchain }} options
 * @returns {import("./objects.mjs").Unit[]} none when the program has no sources here
 */
function programUnits({ sources, compile }, { projectDir, librdkafka, toolchain }) {
  const folder = join(projectDir, sources);
  if (!existsSync(folder)) return [];
  // Its internal headers are written for librdkafka's own folder; the one above holds config.h.
  const command = [
    ...toolchain.cc,
    ...compile,
    ...toolchain.compileFlags,
    `-I${join(librdkafka, "src")}`,
    `-I${librdkafka}`,
  ];
  const inputs = headersHash([folder]) + toolchain.identity;
  return filesIn(folder, ".c").map((source) => ({ source, command, inputs }));
}

/**
 * @param {string} folder
 * @param {string} ending
 */
function filesIn(folder, ending) {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

/** @param {Build & { librdkafka: string, objects: string[], out: string }} build */
async function linkAddon({ workDir, env, toolchain, sources, commands, progress, librdkafka, objects, out }) {
  const flags = ADDON_LINK[process.platform];
  if (!flags)
    throw new BuildError(`The Kafka client is not built on ${process.platform} yet: use Linux, or a Linux container.`);
  // A sanitizer's report names functions.
  const isSanitized = toolchain.cxx.some((word) => word.startsWith("-fsanitize="));
  const kept = isSanitized ? flags.filter((flag) => flag !== "-Wl,-s") : flags;
  const { nodeFile } = clientIn(out, sources);
  const archives = [join(librdkafka, "src-cpp/librdkafka++.a"), join(librdkafka, "src/librdkafka.a")];
  const libraries = [...archives, ...librariesOf(toolchain)];
  await commands.run([...toolchain.cxx, ...kept, ...exportsOf(workDir), "-o", nodeFile, ...objects, ...libraries], {
    env,
  });
  progress.advance();
}

/**
 * @param {string} workDir
 * @returns {string[]} the linker's argument that hides all symbols but those that a runtime looks up
 */
function exportsOf(workDir) {
  if (process.platform === "darwin") return ADDON_EXPORTS.map((name) => `-Wl,-exported_symbol,_${name}`);
  const script = join(workDir, "exports.map");
  writeFileSync(script, `{ global: ${ADDON_EXPORTS.map((name) => `${name};`).join(" ")} local: *; };\n`);
  return [`-Wl,--version-script=${script}`];
}

/** @param {import("./toolchain.mjs").Toolchain} toolchain */
export function librariesOf({ libraries, linkFlags }) {
  const { openssl, zlib, zstd } = libraries;
  const system = process.platform === "linux" ? ["-lm", "-ldl", "-lrt"] : [];
  return [...linkFlags, ...(openssl ?? []), ...(zlib ?? []), ...(zstd ?? []), ...system];
}
