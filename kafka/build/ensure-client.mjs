// The Kafka client, built when it is not there: https://github.com/confluentinc/confluent-kafka-javascript compiled for Node-API.
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildClient } from "./build-client.mjs";
import { createCommands } from "./commands.mjs";
import { BuildError } from "./build-error.mjs";
import { currentClient, defaultCacheDir, NOT_INSTALLED, PROJECT_DIR, sourcesHash } from "./current.cjs";
import { featuresOf } from "./feature-list.mjs";
import { publishFolder, writeFileAtomic } from "./files.mjs";
import { configureArguments } from "./librdkafka.mjs";
import { isAlive, takeLock } from "./lock.mjs";
import { createProgress } from "./progress.mjs";
import { findToolchain } from "./toolchain.mjs";

/** Builds that stay on the disk: a process that started a moment ago may still read the one before. */
const KEPT_BUILDS = 3;
const CHANGED = "The sources of the Kafka client changed while they were compiled: start again.";

/**
 * @typedef {object} EnsureOptions
 * @property {string} [projectDir]
 * @property {string} [cacheDir]
 * @property {{ isTTY?: boolean | undefined, write: (text: string) => unknown }} [log] where progress goes (default: standard error)
 * @property {NodeJS.ProcessEnv} [env] where tools are looked for, and what they are given
 * @property {AbortSignal} [signal] ends the build, leaving nothing
 */

/**
 * The client that fits the sources, the packages and the tools of this machine; builds it first when there is none.
 * Several at once build once: the others wait.
 * @param {EnsureOptions} [options]
 * @returns {Promise<import("./current.cjs").Client & { built: boolean }>}
 * @throws {import("./build-error.mjs").BuildError} with the reason and what to do
 */
export async function ensureClient(options = {}) {
  const {
    projectDir = PROJECT_DIR,
    cacheDir = defaultCacheDir(),
    log = process.stderr,
    env = process.env,
    signal,
  } = options;
  const sources = installedSources(projectDir);
  const toolchain = findToolchainOrNone({ cacheDir, env, sources });
  if (!toolchain) return { ...present(cacheDir), built: false };
  const name = buildName(sources, toolchain);
  const there = currentClient(cacheDir);
  if (there?.directory === join(cacheDir, "client", name)) return { ...there, built: false };

  const progress = createProgress(log);
  try {
    const unlock = await takeLock(cacheDir, {
      signal,
      onWait: (pid) => progress.wait(`waiting for the build of process ${pid}`),
    });
    try {
      const built = await buildUnderLock({ projectDir, cacheDir, env, signal, sources, toolchain, name, progress });
      return { ...present(cacheDir), built };
    } finally {
      unlock();
    }
  } finally {
    progress.end();
  }
}

/** @param {string} projectDir */
function installedSources(projectDir) {
  try {
    return sourcesHash(projectDir);
  } catch (error) {
    // Its message tells all; anything else is a defect, and keeps its stack.
    if (error instanceof Error && "code" in error && error.code === NOT_INSTALLED) throw new BuildError(error.message);
    throw error;
  }
}

/** @param {string} cacheDir */
function present(cacheDir) {
  const client = currentClient(cacheDir);
  if (!client) throw new Error(`the Kafka client vanished from ${cacheDir}`);
  return client;
}

/**
 * A machine without a compiler can still run a client that was built for it elsewhere (an image's first stage).
 * @param {{ cacheDir: string, env: NodeJS.ProcessEnv, sources: string }} options
 */
function findToolchainOrNone({ cacheDir, env, sources }) {
  try {
    return findToolchain({ cacheDir, env });
  } catch (error) {
    if (currentClient(cacheDir)?.sources === sources) return undefined;
    throw error;
  }
}

/**
 * @param {string} sources
 * @param {import("./toolchain.mjs").Toolchain} toolchain
 */
function buildName(sources, toolchain) {
  return shortHash([sources, toolchain.identity, toolchain.libraries, configureArguments(toolchain)]);
}

/** @param {unknown} value */
function shortHash(value) {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 24);
}

/**
 * @param {object} options
 * @param {string} options.projectDir
 * @param {string} options.cacheDir
 * @param {NodeJS.ProcessEnv} options.env
 * @param {AbortSignal | undefined} options.signal
 * @param {string} options.sources
 * @param {import("./toolchain.mjs").Toolchain} options.toolchain
 * @param {string} options.name
 * @param {import("./progress.mjs").Progress} options.progress
 * @returns {Promise<boolean>} false when somebody else has built it meanwhile
 */
async function buildUnderLock({ projectDir, cacheDir, env, signal, sources, toolchain, name, progress }) {
  const target = join(cacheDir, "client", name);
  if (currentClient(cacheDir)?.directory === target) return false;
  sweep(cacheDir);
  const { features, advice } = featuresOf(toolchain.libraries);
  const logFile = join(cacheDir, "build.log");
  progress.say(`building (takes a minute or two; log: ${logFile})`);
  if (advice) progress.say(advice);

  const workDir = mkdtempSync(join(cacheDir, `tmp.${process.pid}.`));
  const commands = createCommands(logFile);
  const stop = () => commands.killAll();
  signal?.addEventListener("abort", stop);
  process.on("exit", stop);
  try {
    signal?.throwIfAborted();
    if (!isFolder(target)) {
      const out = await buildClient({ projectDir, cacheDir, workDir, env, toolchain, sources, commands, progress });
      // Its name is the hash of the sources as they were: it must not hold others.
      if (sourcesHash(projectDir) !== sources) throw new BuildError(CHANGED);
      writeFileSync(join(out, "features.json"), JSON.stringify(features, null, 1));
      mkdirSync(join(cacheDir, "client"), { recursive: true });
      publishFolder(out, target);
    }
    const now = new Date();
    utimesSync(target, now, now);
    writeFileAtomic(join(cacheDir, "current.json"), JSON.stringify({ build: name, sources }));
    dropOld(join(cacheDir, "client"), KEPT_BUILDS);
    dropOld(join(cacheDir, "librdkafka"), KEPT_BUILDS);
    progress.say(`built in ${progress.seconds().toFixed(0)} s`);
    return true;
  } catch (error) {
    // A compiler that was killed because we stop is no failure of its own.
    throw signal?.aborted ? signal.reason : error;
  } finally {
    commands.killAll();
    commands.close();
    signal?.removeEventListener("abort", stop);
    process.off("exit", stop);
    removeFolder(workDir);
  }
}

/** @param {string} path */
function isFolder(path) {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * Removes what builds that were killed left behind.
 * @param {string} cacheDir
 */
function sweep(cacheDir) {
  for (const name of readdirSync(cacheDir)) {
    const pid = /^tmp\.(\d+)\./.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) removeFolder(join(cacheDir, name));
  }
}

/**
 * A compiler whose parent was killed may write a last file into it.
 * @param {string} folder
 */
function removeFolder(folder) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/**
 * @param {string} folder
 * @param {number} kept how many of the newest stay
 */
function dropOld(folder, kept) {
  const builds = readdirSync(folder).map((name) => join(folder, name));
  const newestFirst = builds.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const build of newestFirst.slice(kept)) removeFolder(build);
}
