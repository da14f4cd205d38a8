// For tests only.
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Proxy, startProxy } from "#kafka/apache-kafka/proxy.ts";
import type { Random } from "#workers/testing/random-messages.ts";

/** A way to a broker that is slow and breaks. */
export interface UnreliableProxy extends Proxy {
  /** Until told otherwise: each piece of what is sent waits at random, and so often a connection ends in the middle of one. */
  misbehave(options: Misbehaviour): void;
  behave(): void;
  /** Connections that it has cut or reset. */
  broken(): number;
}

export interface Misbehaviour {
  readonly delayAtMostMs: number;
  /** One of so many pieces is cut in its middle, or answered with a reset. */
  readonly breaksOneIn: number;
}

/** Stands between clients and a broker of one node. */
export async function startUnreliableProxy(brokerAddress: string, random: Random): Promise<UnreliableProxy> {
  let misbehaviour: Misbehaviour | undefined;
  let broken = 0;

  function breakOff(pair: readonly Socket[]): void {
    broken += 1;
    for (const socket of pair) {
      if (random.below(2) === 0) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  /** Hands on what one side says, in its order. */
  function pump(from: Socket, to: Socket, piecesOf: (chunk: Buffer) => readonly Buffer[]): void {
    let sending = Promise.resolve();
    const hand = async (piece: Buffer) => {
      const faults = misbehaviour;
      if (faults) await sleep(random.below(faults.delayAtMostMs + 1));
      if (to.destroyed) return;
      if (faults && random.below(faults.breaksOneIn) === 0) {
        to.write(piece.subarray(0, piece.length >> 1));
        return breakOff([from, to]);
      }
      to.write(piece);
    };
    from.on("data", (chunk: Buffer) => {
      for (const piece of piecesOf(chunk)) sending = sending.then(() => hand(piece));
    });
    from.on("error", () => to.destroy());
    from.on("close", () => void sending.then(() => to.destroy()));
  }

  const proxy = await startProxy(brokerAddress, (client, broker, answersOf) => {
    pump(client, broker, (chunk) => [chunk]);
    pump(broker, client, answersOf);
  });
  return {
    ...proxy,
    misbehave: (options) => void (misbehaviour = options),
    behave: () => void (misbehaviour = undefined),
    broken: () => broken,
  };
}
