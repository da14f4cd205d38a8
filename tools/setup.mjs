// Makes a fresh clone ready to run: what is locked is installed, the runtimes are in place, the Kafka client is built. With all of it
// there, it costs a fraction of a second. Plain JavaScript over node: alone, since nothing else is there yet.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isPageBuilt } from "../dashboard/sources.mjs";
import { defaultCacheDir, PROJECT_DIR } from "../kafka/build/current.cjs";
import { takeLock } from "../kafka/build/lock.mjs";
import { runBuild } from "../kafka/build/run.mjs";

const OLDEST_NODE = [20, 19];

requireNode();
if (!isReady()) {
  const unlock = await takeLock(join(defaultCacheDir(), "setup"), { onWait: sayOnce("waiting for another setup") });
  try {
    if (!isInstalled()) {
      say("installing what package-lock.json names");
      run("npm", ["ci", "--no-progress", "--loglevel=error"]);
    }
    if (!hasBun()) run(process.execPath, ["node_modules/bun/install.js"]);
    if (!hasDeno()) run(process.execPath, ["node_modules/deno/install.cjs"]);
  } finally {
    unlock();
  }
}
await runBuild();
if (!isPageBuilt()) run(join(PROJECT_DIR, "node_modules/.bin/bun"), ["dashboard/bundle.ts"]);

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  process.stderr.write(`Node ${OLDEST_NODE.join(".")} or newer is needed; this is ${process.versions.node}.\n`);
  process.exit(1);
}

function isReady() {
  return isInstalled() && hasBun() && hasDeno();
}

/** Whether node_modules holds what the lockfile names: npm notes what it installed beside it, when it has finished. */
function isInstalled() {
  const installed = readPackages("node_modules/.package-lock.json");
  const locked = readPackages("package-lock.json");
  if (!installed || !locked) return false;
  return Object.entries(locked).every(([name, { version, integrity, optional, devOptional }]) => {
    if (!name.startsWith("node_modules/")) return true;
    const found = installed[name];
    // Made for other systems: npm leaves them out.
    if (!found) return optional === true || devOptional === true;
    return found.version === version && found.integrity === integrity && existsSync(join(PROJECT_DIR, name));
  });
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean, devOptional?: boolean }> | undefined}
 */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(PROJECT_DIR, file), "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** npm installs a placeholder of a few hundred bytes, which Bun's install script replaces. */
function hasBun() {
  return isLarge("node_modules/bun/bin/bun.exe");
}

function hasDeno() {
  return isLarge("node_modules/deno/deno");
}

/** @param {string} file */
function isLarge(file) {
  return (statSync(join(PROJECT_DIR, file), { throwIfNoEntry: false })?.size ?? 0) > 1_000_000;
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: PROJECT_DIR, stdio: ["ignore", "inherit", "inherit"] });
  if (status === 0) return;
  process.stderr.write(`setup: "${[command, ...args].join(" ")}" failed${error ? `: ${error.message}` : ""}\n`);
  process.exit(1);
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

/**
 * @param {string} text
 * @returns {() => void}
 */
function sayOnce(text) {
  let said = false;
  return () => {
    if (!said) say(text);
    said = true;
  };
}
