// For tests that stand between clients and a broker of one node.
import { connect, createServer, type Socket } from "node:net";
import { listenOnFreePort } from "../free-ports.ts";

export interface Proxy {
  readonly bootstrapServers: string;
  close(): void;
}

/**
 * Takes connections in a broker's place, and opens one to it for each.
 * @param onConnection hands on what either side says; `answersOf` cuts what the broker says into whole answers, and puts the
 * proxy's address in place of the broker's, so that clients come back here
 */
export async function startProxy(
  brokerAddress: string,
  onConnection: (client: Socket, broker: Socket, answersOf: (chunk: Buffer) => readonly Buffer[]) => void,
): Promise<Proxy> {
  const brokerPort = Number(brokerAddress.split(":")[1]);
  const sockets = new Set<Socket>();
  let proxyPort = 0;
  const server = createServer((client) => {
    const broker = connect(brokerPort, "127.0.0.1");
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    }
    onConnection(
      client,
      broker,
      readdressed(brokerPort, () => proxyPort),
    );
  });
  proxyPort = await listenOnFreePort(server);
  return {
    bootstrapServers: `127.0.0.1:${proxyPort}`,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const host = Buffer.from("127.0.0.1");

/** Cuts what is received into whole requests or answers, each as long as its first four bytes say. */
export function wholeFrames(): (chunk: Buffer) => readonly Buffer[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const frames: Buffer[] = [];
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const length = 4 + rest.readInt32BE(0);
      frames.push(Buffer.from(rest.subarray(0, length)));
      rest = rest.subarray(length);
    }
    return frames;
  };
}

function readdressed(brokerPort: number, proxyPort: () => number): (chunk: Buffer) => readonly Buffer[] {
  const framesOf = wholeFrames();
  return (chunk) => {
    const answers = framesOf(chunk);
    for (const answer of answers)
      for (let at = answer.indexOf(host); at >= 0; at = answer.indexOf(host, at + 1)) {
        const portAt = at + host.length;
        const isBrokers = portAt + 4 <= answer.length && answer.readInt32BE(portAt) === brokerPort;
        if (isBrokers) answer.writeInt32BE(proxyPort(), portAt);
      }
    return answers;
  };
}
