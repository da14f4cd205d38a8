// For tests of how a process ends: runs one on this runtime and says how it did.
import { type ChildProcess, execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

const TIMEOUT_MS = 30_000;

/** @param onStart gets the process, to send it a signal when it says that it is ready */
export function runProgram(
  program: URL,
  args: readonly string[],
  onStart?: (child: ChildProcess) => void,
): Promise<Ending> {
  // Deno needs its flags again; Node the loader that strips types (execArgv); Bun nothing.
  const flags = process.versions["deno"] ? ["run", "-A", "--no-check", "--node-modules-dir=manual"] : process.execArgv;
  const command = [...flags.filter((flag) => flag !== "--test"), fileURLToPath(program), ...args];
  return new Promise((resolve) => {
    let output = "";
    const child = execFile(process.execPath, command, { timeout: TIMEOUT_MS, killSignal: "SIGKILL", env: process.env });
    let errors = "";
    child.stdout?.on("data", (text: string) => (output += text));
    child.stderr?.on("data", (text: string) => (errors += text));
    child.on("close", (code, signal) => {
      // For whoever has to find out why a test failed; of a suite that passes nobody sees it.
      console.log(`${args.join(" ")}: code ${code}, signal ${signal}, ${JSON.stringify(output)}\n${errors}`);
      resolve({ code, signal, output });
    });
    onStart?.(child);
  });
}
