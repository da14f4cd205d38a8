import { constants } from "node:os";
import { BuildError } from "./build-error.mjs";
import { ensureClient } from "./ensure-client.mjs";

/**
 * `ensureClient` as a step of a command line: a signal ends the build and then this process, a reason that people can
 * act on is shown without a stack.
 */
export async function runBuild() {
  const stopped = new AbortController();
  /** @param {"SIGINT" | "SIGTERM" | "SIGHUP"} name */
  const stop = (name) => {
    process.exitCode = 128 + constants.signals[name];
    stopped.abort(new BuildError(`The build of the Kafka client was stopped by ${name}.`));
  };
  for (const name of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) process.on(name, stop);
  try {
    await ensureClient({ signal: stopped.signal });
  } catch (error) {
    process.stderr.write(`${error instanceof BuildError ? error.message : /** @type {Error} */ (error).stack}\n`);
    process.exit(process.exitCode || 1);
  } finally {
    for (const name of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) process.off(name, stop);
  }
}
