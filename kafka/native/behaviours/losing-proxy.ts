// For tests of what a client does when a broker's answer is lost.
import { type Proxy, startProxy, wholeFrames } from "../../apache-kafka/proxy.ts";

/** A way to a broker of one node that loses the first answer to a Produce request: the broker has the batch, the client does not know. */
export interface LosingProxy extends Proxy {
  /** Answers that were lost: at most one. */
  lost(): number;
}

const PRODUCE = 0;

export async function startLosingProxy(brokerAddress: string): Promise<LosingProxy> {
  let lost = 0;
  const proxy = await startProxy(brokerAddress, (client, broker, answersOf) => {
    const requests = wholeFrames();
    const produced = new Set<number>();
    client.on("data", (chunk: Buffer) => {
      for (const request of requests(chunk)) {
        if (request.readInt16BE(4) === PRODUCE) produced.add(request.readInt32BE(8));
        broker.write(request);
      }
    });
    broker.on("data", (chunk: Buffer) => {
      for (const answer of answersOf(chunk)) {
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
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
    }
  });
  return { ...proxy, lost: () => lost };
}
