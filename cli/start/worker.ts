import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createBackOff, sleep } from "#bus/back-off.ts";
import type { Service } from "#contracts/topics.ts";
import { StartError } from "./start-error.ts";
import { askReady } from "./watch-ready.ts";

export interface WorkerProcessOptions {
  readonly service: Service;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of its HTTP. */
  readonly url: string;
  /** Gets all that it writes. */
  readonly logFile: string;
  readonly say: (text: string) => void;
}

export interface WorkerProcess {
  /**
   * Resolves when it serves HTTP and says that it is ready.
   * @throws StartError when it ends before
   */
  readonly ready: Promise<void>;
  /** Lets it end what it has in hand. Kills it when that takes too long. */
  stop(): Promise<void>;
  /** At once. */
  kill(): void;
  /** Only this process of it: it is started again. */
  end(signal: "SIGTERM" | "SIGKILL"): void;
}

const program = fileURLToPath(new URL("./worker-process.ts", import.meta.url));
/** Longer than a worker needs: requests in hand, then its outbox. */
const stopWithinMs = 8_000;
const readyWithinMs = 30_000;
const lookEveryMs = 25;
const restartMinMs = 200;
const restartMaxMs = 10_000;
/** One that lived so long has not died of its start. */
const healthyAfterMs = 30_000;

/** Runs a worker and starts it again whenever it ends, until it is stopped; one that never got ready is not started again. */
export function runWorkerProcess(options: WorkerProcessOptions): WorkerProcess {
  const { service, url, say } = options;
  const stopping = new AbortController();
  const backOff = createBackOff(restartMinMs, restartMaxMs);
  let current = spawnWorker(options);
  let wasReady = false;

  async function supervise(): Promise<void> {
    for (;;) {
      const startedAtMs = performance.now();
      const end = await current.ended;
      if (stopping.signal.aborted || !wasReady) return;
      if (performance.now() - startedAtMs > healthyAfterMs) backOff.reset();
      const pauseMs = backOff.nextMs();
      const said = current.lastLines(1);
      say(
        `${service} has ended (${end})${said === "" ? "" : `: ${said}`}; it is started again in ${(pauseMs / 1_000).toFixed(1)} s`,
      );
      await sleep(pauseMs, stopping.signal);
      if (stopping.signal.aborted) return;
      current = spawnWorker(options);
      void untilReady(current, url, stopping.signal).then(
        () => say(`${service} is back`),
        // It ended again: then the loop says so.
        () => undefined,
      );
    }
  }

  const ready = untilReady(current, url, stopping.signal).then(
    () => void (wasReady = true),
    (error: unknown) => {
      throw new StartError(`${service} cannot start: ${(error as Error).message}\n  its log: ${options.logFile}`);
    },
  );
  ready.catch(() => undefined); // whoever waits for it is told
  const supervised = supervise();
  return {
    ready,
    async stop() {
      stopping.abort(new Error("stopping"));
      current.child.kill("SIGTERM");
      const timer = setTimeout(() => {
        say(`${service} did not stop within ${stopWithinMs / 1_000} s and is killed`);
        current.child.kill("SIGKILL");
      }, stopWithinMs);
      await current.ended;
      clearTimeout(timer);
      await supervised;
    },
    kill() {
      stopping.abort(new Error("stopping"));
      current.child.kill("SIGKILL");
    },
    end: (signal) => void current.child.kill(signal),
  };
}

interface Running {
  readonly child: ChildProcess;
  /** How it ended. */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  /** The last that it wrote. */
  lastLines(count: number): string;
}

function spawnWorker({ service, environment, logFile }: WorkerProcessOptions): Running {
  const log = openSync(logFile, "a");
  const sizeBefore = statSync(logFile).size;
  // A group of its own: Ctrl-C is for us, and we then ask the workers once; asked twice they would drop what is in hand.
  const child = spawn(process.execPath, [program, service], {
    env: { ...environment },
    stdio: ["pipe", log, log],
    detached: true,
  });
  closeSync(log);
  let isOver = false;
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  }).then((how) => {
    isOver = true;
    return how;
  });
  child.stdin?.on("error", () => {});
  return { child, ended, hasEnded: () => isOver, lastLines: (count) => tail(logFile, sizeBefore, count) };
}

async function untilReady(running: Running, url: string, signal: AbortSignal): Promise<void> {
  const untilMs = performance.now() + readyWithinMs;
  let reason = "it does not answer";
  for (;;) {
    if (running.hasEnded()) throw new Error(`${running.lastLines(5) || "it said nothing"} (${await running.ended})`);
    const answer = await askReady(url);
    if (answer?.isReady === true) return;
    reason = answer?.reason ?? reason;
    if (performance.now() > untilMs) throw new Error(`not ready after ${readyWithinMs / 1_000} s: ${reason}`);
    await sleep(lookEveryMs, signal);
    signal.throwIfAborted();
  }
}

const tailBytes = 8_192;

/** Plain lines rather than logged ones: what a program says when it cannot start, it says to a person. */
function tail(file: string, from: number, count: number): string {
  const { size } = statSync(file);
  const start = Math.max(from, size - tailBytes);
  const buffer = Buffer.alloc(Math.max(0, size - start));
  const opened = openSync(file, "r");
  try {
    readSync(opened, buffer, 0, buffer.length, start);
  } finally {
    closeSync(opened);
  }
  const lines = buffer
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("{"));
  return lines.slice(-count).join("\n");
}
