import { type ChildProcessByStdio, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { ensureClient } from "../build/ensure-client.mjs";
import type { TopicSpec } from "../topic-spec.ts";

interface EmbeddedBrokerOptions {
  /** On 127.0.0.1; 0 or nothing lets the system choose. */
  readonly port?: number;
  readonly topics: readonly Pick<TopicSpec, "name" | "partitions" | "readers">[];
  /** How much it keeps that not all readers have committed, over all topics; a producer has to wait beyond it. */
  readonly unreadLimitMiB?: number;
  /** How much it keeps of one partition that has no readers; the oldest messages go beyond it. */
  readonly unclaimedLimitMiB?: number;
  readonly signal?: AbortSignal;
}

export interface EmbeddedBroker {
  readonly bootstrapServers: string;
  readonly port: number;
  readonly incarnation: string;
  readonly pid: number;
  /** What it says of itself: for whoever starts it in front of a person to show. */
  readonly notice: string;
  /** Closes all connections and takes no more, keeping what it has, until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
  kill9(): Promise<void>;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Starts librdkafka's mock cluster as a program: a Kafka broker in memory, for development and tests. It ends with
 * this process, however this ends. Rejects with a reason for a person when the port is taken or the program missing.
 */
export async function startEmbeddedBroker(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
  options.signal?.throwIfAborted();
  const child: Child = spawn(await executable(options.signal), commandLine(options), {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const exited = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, killedBy) => resolve(killedBy ?? `status ${code}`));
  });
  const complaints = relayComplaints(child);
  // A command to a broker that has just died fails like its answer: through `exited`.
  child.stdin.on("error", () => {});
  const lines = lineReader(child, exited);
  const kill9 = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  const onAbort = () => void kill9();
  options.signal?.addEventListener("abort", onAbort, { once: true });
  void exited.then(() => options.signal?.removeEventListener("abort", onAbort));
  let notice: string;
  let ready: string;
  try {
    notice = await lines.next();
    ready = await lines.next();
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw new Error(whyNot(await exited, options.port ?? 0, complaints()), { cause });
  }
  const [, bootstrapServers = "", incarnation = ""] = ready.split(" ");
  const command = async (name: string) => {
    child.stdin.write(`${name}\n`);
    const answer = await lines.next();
    if (answer !== name) throw new Error(`the embedded broker answered "${answer}" to "${name}"`);
  };
  return {
    bootstrapServers,
    port: Number(bootstrapServers.split(":")[1]),
    incarnation,
    pid: child.pid ?? 0,
    notice,
    down: () => command("down"),
    up: () => command("up"),
    stop: async () => {
      child.stdin.end("stop\n");
      await exited;
    },
    kill9,
  };
}

/** The file that ORDERWRIGHT_EMBEDDED_BROKER names, else the one that is built with the client, now if need be. */
async function executable(signal: AbortSignal | undefined): Promise<string> {
  const given = process.env["ORDERWRIGHT_EMBEDDED_BROKER"];
  return given ?? (await ensureClient(signal ? { signal } : {})).embeddedBroker;
}

function commandLine({ port = 0, topics, unreadLimitMiB, unclaimedLimitMiB }: EmbeddedBrokerOptions): string[] {
  return [
    ["--port", String(port)],
    unreadLimitMiB === undefined ? [] : ["--unread-mib", String(unreadLimitMiB)],
    unclaimedLimitMiB === undefined ? [] : ["--unclaimed-mib", String(unclaimedLimitMiB)],
    ...topics.map(({ name, partitions, readers }) =>
      ["--topic", name, String(partitions)].concat(readers.flatMap((group) => ["--reader", group])),
    ),
  ].flat();
}

function whyNot(end: string, port: number, complaints: string): string {
  if (end === "status 3") return `port ${port} is taken by another program: stop that one, or choose another port`;
  return `the embedded broker did not start (${end})${complaints === "" ? "" : `: ${complaints.trim()}`}`;
}

/** What it writes to standard error is for a person; the beginning is kept for the error of a failed start. */
function relayComplaints(child: Child): () => string {
  let kept = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (kept.length < 4096) kept += text;
    process.stderr.write(text);
  });
  return () => kept;
}

/** Lines in the order that they are asked for; rejects once the program has ended. */
function lineReader(child: Child, exited: Promise<string>): { next(): Promise<string> } {
  const unread: string[] = [];
  const askers: { resolve(line: string): void; reject(error: Error): void }[] = [];
  let end: Error | undefined;
  createInterface({ input: child.stdout }).on("line", (line) => {
    const asker = askers.shift();
    if (asker) asker.resolve(line);
    else unread.push(line);
  });
  void exited.then((how) => {
    end = new Error(`the embedded broker has ended (${how})`);
    for (const asker of askers.splice(0)) asker.reject(end);
  });
  return {
    next: () =>
      new Promise((resolve, reject) => {
        const line = unread.shift();
        if (line !== undefined) resolve(line);
        else if (end) reject(end);
        else askers.push({ resolve, reject });
      }),
  };
}
