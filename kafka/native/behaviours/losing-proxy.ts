// For tests of what a client does when a broker's answer is lost.
import { connect, createServer, type Socket } from "node:net";
import { readdressed, wholeFrames } from "../../apache-kafka/readdressed.ts";

/** A way to a broker of one node that loses the first answer to a Produce request: the broker has the batch, the client does not know. */
export interface LosingProxy {
  readonly bootstrapServers: string;
  /** Answers that were lost: at most one. */
  lost(): number;
  close(): void;
}

const PRODUCE = 0;

export async function startLosingProxy(brokerAddress: string): Promise<LosingProxy> {
  const brokerPort = Number(brokerAddress.split(":")[1]);
  const sockets = new Set<Socket>();
  let proxyPort = 0;
  let lost = 0;
  const server = createServer((client) => {
    const broker = connect(brokerPort, "127.0.0.1");
    const requests = wholeFrames();
    const answers = readdressed(brokerPort, () => proxyPort);
    const produced = new Set<number>();
    client.on("data", (chunk: Buffer) => {
      for (const request of requests(chunk)) {
        if (request.readInt16BE(4) === PRODUCE) produced.add(request.readInt32BE(8));
        broker.write(request);
      }
    });
    broker.on("data", (chunk: Buffer) => {
      for (const answer of answers(chunk)) {
        if (lost === 0 && produced.has(answer.readInt32BE(4))) {
          lost += 1;
          client.destroy();
        }
        if (!client.destroyed) client.write(answer);
      }
    });
    for (const [from, to] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the system gave no port");
  proxyPort = address.port;
  return {
    bootstrapServers: `127.0.0.1:${proxyPort}`,
    lost: () => lost,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
