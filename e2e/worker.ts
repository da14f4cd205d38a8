// For tests only.
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Service } from "#contracts/topics.ts";
import { freePorts } from "#kafka/free-ports.ts";
import { until } from "#kafka/testing.ts";
import { denoCommand } from "./deno-command.ts";
import { commandInRoot } from "./empty-root.ts";

/** `binaries` are what `npm run build` makes, alone in an empty root. */
export type RuntimeName = "Bun" | "Deno" | "binaries";

export interface WorkerOptions {
  readonly service: Service;
  readonly runtime: RuntimeName;
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Of binaries: the folder that they see as `/`. */
  readonly root: string;
}

/** A worker as a process of its own. */
export interface Worker {
  readonly url: string;
  /** All that it has written. */
  output(): string;
  hasEnded(): boolean;
  /** The signal or the status that it ended with. */
  readonly ended: Promise<string>;
  signal(name: "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): void;
  /** Resolves when it serves HTTP, or has ended. */
  listening(): Promise<void>;
}

/** It ends when its standard input does, and so with this process, however this ends. */
const program = fileURLToPath(new URL("../cli/start/worker-process.ts", import.meta.url));

/** The one that the project installs. */
const bun = fileURLToPath(new URL("../node_modules/.bin/bun", import.meta.url));

function commandOf({ service, runtime, port, environment, root }: WorkerOptions): readonly [string, ...string[]] {
  if (runtime === "binaries") return commandInRoot(root, `orderwright-${service}`);
  if (runtime === "Deno") return denoCommand(service, port, environment);
  return [bun, program, service];
}

export function startWorker(options: WorkerOptions): Worker {
  const { service, port, runtime, environment } = options;
  const [file, ...args] = commandOf(options);
  const isBinary = runtime === "binaries";
  const child = spawn(file, args, {
    // A binary gets nothing of this machine but a PATH, by which `chroot` is found.
    env: {
      ...(isBinary ? { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } : process.env),
      ...environment,
      HTTP_HOST: "127.0.0.1",
      HTTP_PORT: String(port),
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {});
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text: Buffer) => void (output += text.toString()));
  }
  let isOver = false;
  // At once, as its id may soon be another's; `close` comes when its last words are read.
  child.once("exit", () => (isOver = true));
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(signal ?? `status ${code}`));
  }).finally(() => (isOver = true));
  return {
    url: `http://127.0.0.1:${port}`,
    output: () => output,
    hasEnded: () => isOver,
    ended,
    signal(name) {
      // Not by `child.kill`, after which Deno tells of the signal however the process ended.
      if (!isOver && child.pid !== undefined) process.kill(child.pid, name);
    },
    listening: () =>
      until(`${service} to listen`, () => isOver || output.includes('"listening"'), 90_000).catch((error: unknown) => {
        throw new Error(`${String(error)}; it wrote: ${output.slice(-2_000)}`, { cause: error });
      }),
  };
}

/** A port that a worker keeps over its deaths, as a shop front knows it by one address. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}
