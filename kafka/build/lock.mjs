// One build at a time in a cache folder. A lock is a file with its owner's process id, touched while the owner lives; the
// lock of an owner that died (killed, or its machine gone) is taken over.
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const HEARTBEAT_MS = 5_000;
const SILENT_MS = 60_000;
const RETRY_MS = 200;

/**
 * Waits until the lock is ours.
 * @param {string} folder
 * @param {{ onWait: (ownerPid: number) => void, signal?: AbortSignal | undefined }} options `onWait` is called at each look at another's lock
 * @returns {Promise<() => void>} gives it back
 */
export async function takeLock(folder, { onWait, signal }) {
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, "lock");
  while (!tryTake(lock)) {
    const owner = readOwner(lock);
    if (owner === undefined) continue;
    if (isDead(lock, owner)) removeDead(lock);
    else {
      onWait(owner.pid);
      await sleep(RETRY_MS, undefined, signal ? { signal } : {});
    }
  }
  const heartbeat = setInterval(() => touch(lock), HEARTBEAT_MS);
  heartbeat.unref();
  return () => {
    clearInterval(heartbeat);
    if (readOwner(lock)?.pid === process.pid) rmSync(lock, { force: true });
  };
}

/** @param {string} lock */
function tryTake(lock) {
  // Written aside and linked: a lock is never seen without its owner.
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ pid: process.pid, host: hostname() }));
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/**
 * @param {string} lock
 * @returns {{ pid: number, host: string } | undefined}
 */
function readOwner(lock) {
  try {
    return JSON.parse(readFileSync(lock, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * @param {string} lock
 * @param {{ pid: number, host: string }} owner
 */
function isDead(lock, { pid, host }) {
  if (host === hostname() && !isAlive(pid)) return true;
  return isOlderThan(lock, SILENT_MS);
}

/**
 * @param {number} pid
 * @returns {boolean} whether there is such a process on this machine
 */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
}

/**
 * Two waiters may both see a dead owner: only the one that holds the second lock removes, and only what is still dead then.
 * @param {string} lock
 */
function removeDead(lock) {
  const guard = `${lock}.removing`;
  try {
    writeFileSync(guard, "", { flag: "wx" });
  } catch {
    // Held for microseconds: an old one belongs to a process that was killed in between.
    if (isOlderThan(guard, HEARTBEAT_MS)) rmSync(guard, { force: true });
    return;
  }
  const owner = readOwner(lock);
  if (owner && isDead(lock, owner)) rmSync(lock, { force: true });
  rmSync(guard, { force: true });
}

/**
 * @param {string} file
 * @param {number} ageMs
 */
function isOlderThan(file, ageMs) {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > ageMs;
}

/** @param {string} file */
function touch(file) {
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch {
    // Taken over after a long sleep of this machine: builds have folders of their own, so two at once only cost time.
  }
}
