import process from "node:process";
import { parseStartOptions } from "./options.ts";
import { createScreen } from "./show.ts";
import { start } from "./start.ts";
import { StartError } from "./start-error.ts";

/** @throws UsageError */
export async function startCommand(args: readonly string[]): Promise<number> {
  const options = parseStartOptions(args, process.env);
  const { stdout } = process;
  const screen = createScreen({
    isTerminal: stdout.isTTY,
    columns: stdout.columns ?? 80,
    write: (text) => void stdout.write(text),
  });
  const { signal, hurry } = stopSignals(screen.say);
  try {
    const isWell = await start(options, { screen, environment: process.env, signal, hurry });
    return isWell ? 0 : 1;
  } catch (error) {
    if (signal.aborted) return 1;
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`orderwright start: ${error.message}\n`);
    return 1;
  }
}

/** npm passes Ctrl-C on to a child that has already got it from the terminal. */
const sameSignalMs = 1_000;

/** Asked to stop, and asked again by somebody who does not want to wait. */
function stopSignals(say: (text: string) => void) {
  const stopping = new AbortController();
  const hurrying = new AbortController();
  let askedAtMs = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (!stopping.signal.aborted) {
        askedAtMs = performance.now();
        say("stopping: what is in hand is ended (Ctrl-C again to end at once)");
        stopping.abort(new Error(`got ${name}`));
      } else if (performance.now() - askedAtMs > sameSignalMs) {
        hurrying.abort(new Error(`got ${name} again`));
      }
    });
  }
  return { signal: stopping.signal, hurry: hurrying.signal };
}
