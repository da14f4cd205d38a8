import { connect } from "node:net";

const WAIT_MS = 1000;

/**
 * Whether a broker there answers a Metadata request and names itself: an open port alone says little, since Kafka
 * listens seconds before its controller has let it in.
 */
export function answersMetadata(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const done = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    let received: Uint8Array<ArrayBuffer> = new Uint8Array(0);
    socket.setTimeout(WAIT_MS, () => done(false));
    socket.on("error", () => done(false)).on("close", () => done(false));
    socket.on("connect", () => socket.write(METADATA_REQUEST));
    socket.on("data", (bytes: Buffer) => {
      received = new Uint8Array(Buffer.concat([received, bytes]));
      if (received.length < NUMBER_OF_BROKERS + 4) return;
      done(new DataView(received.buffer).getInt32(NUMBER_OF_BROKERS) > 0);
    });
  });
}

/** Size, correlation id, then the answer of version 1 begins with its array of brokers. */
const NUMBER_OF_BROKERS = 8;

/** Version 1, no client id, no topics. */
const METADATA_REQUEST = Buffer.from("0000000e0003000100000001ffff00000000", "hex");
