// Runs compilers and make: what they say goes to the log, and they end when the build does.
import { spawn } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { BuildError } from "./build-error.mjs";

const LAST_LINES = 20;

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} env
 * @property {(line: string) => void} [onLine]
 *
 * @typedef {object} Commands
 * @property {(command: string[], options: RunOptions) => Promise<void>} run rejects with a BuildError that ends with the log's last lines
 * @property {() => void} killAll ends every command that runs, with all its children
 * @property {() => void} close
 */

/**
 * @param {string} logFile written anew
 * @returns {Commands}
 */
export function createCommands(logFile) {
  const log = openSync(logFile, "w");
  /** @type {Set<number>} */
  const groups = new Set();

  /**
   * @param {string[]} command
   * @param {RunOptions} options
   * @returns {Promise<void>}
   */
  function run(command, { cwd, env, onLine }) {
    const [program = "", ...args] = command;
    writeSync(log, `$ ${command.join(" ")}\n`);
    // A group of its own: make is killed together with the compilers that it started.
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const { pid } = child;
    if (pid !== undefined) groups.add(pid);
    /** @type {string[]} */
    const last = [];
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        writeSync(log, `${line}\n`);
        last.push(line);
        if (last.length > LAST_LINES) last.shift();
        onLine?.(line);
      });
    }
    return new Promise((resolve, reject) => {
      const settle = (/** @type {string | undefined} */ failure, /** @type {Error | undefined} */ cause) => {
        if (pid !== undefined) groups.delete(pid);
        if (failure === undefined) resolve();
        else reject(new BuildError(describe(command, failure, last, logFile), { cause }));
      };
      child.on("error", (error) => settle(error.message, error));
      child.on("close", (code, signal) =>
        settle(code === 0 ? undefined : `ended with ${signal ?? `code ${code}`}`, undefined),
      );
    });
  }

  function killAll() {
    for (const pid of groups) {
      try {
        process.kill(-pid, "SIGKILL");
      } catch {
        // Gone already.
      }
    }
  }

  return { run, killAll, close: () => closeSync(log) };
}

/**
 * @param {string[]} command
 * @param {string} failure
 * @param {string[]} last
 * @param {string} logFile
 */
function describe(command, failure, last, logFile) {
  const shown = command.join(" ");
  const short = shown.length > 200 ? `${shown.slice(0, 200)} ...` : shown;
  return [`"${short}" ${failure}.`, ...last.map((line) => `  ${line}`), `The whole log: ${logFile}`].join("\n");
}
