// For tests only.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** The line to a libSQL server, which counts and breaks. */
export interface Line {
  readonly url: string;
  /** Requests since the last call. */
  takeRoundTrips(): number;
  /** Breaks at the next COMMIT, before the server gets it or after it has done it, so that its answer is lost. */
  loseNextCommit(when: "before it is done" | "after it is done"): void;
  close(): Promise<void>;
}

export async function startLine(target: string): Promise<Line> {
  let roundTrips = 0;
  let losing: Parameters<Line["loseNextCommit"]>[0] | undefined;
  const server = createServer((request, response) => {
    roundTrips += 1;
    void (async () => {
      // The client asks which version of the protocol there is: here it has JSON, not Protobuf, so that a COMMIT can be seen.
      if (request.method === "GET") return response.writeHead(request.url === "/v3" ? 200 : 404).end();
      const body = await textOf(request);
      const lost = /"sql": *"COMMIT"/.test(body) ? losing : undefined;
      if (lost !== undefined) losing = undefined;
      if (lost === "before it is done") return request.socket.destroy();
      const answer = await fetch(`${target}${request.url}`, { method: "POST", body }).catch(() => undefined);
      if (answer === undefined || lost === "after it is done") return request.socket.destroy();
      return response.writeHead(answer.status).end(await answer.text());
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    takeRoundTrips() {
      const taken = roundTrips;
      roundTrips = 0;
      return taken;
    },
    loseNextCommit: (when) => void (losing = when),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
