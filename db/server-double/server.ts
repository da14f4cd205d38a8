// For tests only.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createPort } from "node:net";
import process from "node:process";
import { createClient } from "@libsql/client/sqlite3";
import { textOf } from "./line.ts";
import { openStream, type Stream, type StreamRequest } from "./stream.ts";
import { createWriteSlot } from "./write-slot.ts";

export interface LibsqlServer {
  readonly url: string;
  close(): Promise<void>;
}

/** How long a stream of libSQL's server may write while another one waits. */
export const serverSlotMs = 5_000;

/** libSQL's server itself, the program that LIBSQL_SERVER names, or else a double of it. */
export const libsqlServer = process.env["LIBSQL_SERVER"]?.trim() || undefined;

interface DoubleOptions {
  readonly slotMs?: number;
  /** What clients must show; whoever comes if nothing is said. */
  readonly authToken?: string;
}

/** @param path where it keeps its store; the options are for the double, the server has its own */
export function startLibsqlServer(path: string, options: DoubleOptions = {}): Promise<LibsqlServer> {
  return libsqlServer === undefined ? startDouble(path, options) : startProgram(libsqlServer, path);
}

/**
 * As much of Hrana 3 over HTTP, on one file, as the client needs for transactions, with the server's rule of who may write for how long.
 * Source: https://github.com/tursodatabase/libsql/blob/main/docs/HRANA_3_SPEC.md
 */
async function startDouble(file: string, { slotMs = serverSlotMs, authToken }: DoubleOptions): Promise<LibsqlServer> {
  const streams = new Map<string, Stream>();
  const slot = createWriteSlot(slotMs);
  await useWriteAheadLog(file);
  let opened = 0;

  async function answer(baton: string | null, requests: readonly StreamRequest[]) {
    const id = baton ?? String((opened += 1));
    const stream = streams.get(id) ?? openStream(file, slot);
    streams.set(id, stream);
    const results = [];
    for (const one of requests) results.push(await stream.answer(one));
    if (requests.some(({ type }) => type === "close")) {
      streams.delete(id);
      await stream.close();
    }
    return { baton: id, base_url: null, results };
  }

  const server = createServer((request, response) => {
    void (async () => {
      const isKnown = authToken === undefined || request.headers.authorization === `Bearer ${authToken}`;
      if (!isKnown) return response.writeHead(401).end();
      // The client asks which version of the protocol there is: this one has JSON, not Protobuf.
      if (request.method === "GET") return response.writeHead(request.url === "/v3" ? 200 : 404).end();
      const asked = JSON.parse(await textOf(request)) as { baton: string | null; requests: StreamRequest[] };
      return response.end(JSON.stringify(await answer(asked.baton, asked.requests)));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      for (const stream of streams.values()) await stream.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** As the server has it: readers and the writer do not wait for each other. A file is in this mode for good. */
async function useWriteAheadLog(file: string): Promise<void> {
  const client = createClient({ url: `file:${file}` });
  await client.execute("PRAGMA journal_mode=WAL");
  client.close();
}

async function startProgram(program: string, folder: string): Promise<LibsqlServer> {
  const port = await freePort();
  const args = ["--http-listen-addr", `127.0.0.1:${port}`, "--db-path", folder, "--no-welcome"];
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (text: Buffer) => void (said = (said + text.toString()).slice(-4096)));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  while ((await fetch(`${url}/health`).catch(() => undefined))?.ok !== true) {
    if (child.exitCode !== null || child.pid === undefined) throw new Error(`${program} did not start: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url,
    async close() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createPort().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
