import { execFileSync, spawn } from "node:child_process";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { requireFreePorts } from "./ports.ts";

/** `orderwright start` as a process of a test. */
export interface ShopProcess {
  output(): string;
  /** Waits until it has said this. */
  says(text: RegExp): Promise<void>;
  /** The exit code, or the signal that ended it. */
  readonly exited: Promise<number | string>;
  kill(signal: NodeJS.Signals): void;
  /** Of the process of one of its workers. */
  workerPid(service: string): number;
}

const program = fileURLToPath(new URL("./start-under-test.ts", import.meta.url));

export function startShop(args: readonly string[], environment: Readonly<Record<string, string>> = {}): ShopProcess {
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, [program, "start", ...args], { env, stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  child.stdin.on("error", () => {});
  let end: number | string | undefined;
  const exited = new Promise<number | string>((resolve) => {
    child.once("close", (code, signal) => resolve((end = signal ?? code ?? -1)));
  });
  return {
    output: () => output,
    exited,
    async says(text) {
      await until(() => text.test(output) || end !== undefined, `the shop says ${text}`);
      if (!text.test(output)) throw new Error(`the shop ended (${end}) before it said ${text}:\n${output}`);
    },
    kill: (signal) => void child.kill(signal),
    workerPid(service) {
      const processes = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
      for (const line of processes) {
        const [, pid, parent, command = ""] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
        if (Number(parent) === child.pid && command.endsWith(`worker-process.ts ${service}`)) return Number(pid);
      }
      throw new Error(`no process of ${service}`);
    },
  };
}

const untilMs = 60_000;

export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endMs = performance.now() + untilMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`waited ${untilMs / 1_000} s in vain until ${what}`);
    await delay(20);
  }
}

/** Ports that are free now: four in a row for the workers, and the broker's. */
export async function findPorts(): Promise<{ readonly http: number; readonly broker: number }> {
  for (;;) {
    const http = 20_000 + Math.floor(Math.random() * 30_000);
    if (await areFree(http)) return { http, broker: http + 4 };
  }
}

/** Whether nobody listens on the five ports from this one on: no worker and no broker is left. */
export async function areFree(firstPort: number): Promise<boolean> {
  const ports = [0, 1, 2, 3, 4].map((index) => ({ port: firstPort + index, of: "a test" }));
  return requireFreePorts(ports).then(
    () => true,
    () => false,
  );
}
