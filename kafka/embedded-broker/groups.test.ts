import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { after, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type EmbeddedBroker, startEmbeddedBroker } from "./start.ts";

const LIMIT = { timeout: 30_000 };
/** The mock looks at sessions once a second, and waits a second less than this for members to join anew. */
const sessionMs = 2_000;
const brokers: EmbeddedBroker[] = [];
const sockets: Socket[] = [];

after(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(brokers.map((broker) => broker.kill9()));
});

const int = (width: 2 | 4, value: number) => {
  const bytes = Buffer.alloc(width);
  bytes.writeIntBE(value, 0, width);
  return bytes;
};
const string = (text: string) => Buffer.concat([int(2, Buffer.byteLength(text)), Buffer.from(text)]);

/** Sends one request of version 0 and gives the answer without its header; null: the broker closed the connection. */
async function ask(port: number, key: number, body: readonly Buffer[]): Promise<Buffer | null> {
  const head = Buffer.concat([int(2, key), int(2, 0), int(4, 7), string("test")]);
  const request = Buffer.concat([head, ...body]);
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => {});
  socket.write(Buffer.concat([int(4, request.length), request]));
  let got: Buffer = Buffer.alloc(0);
  return new Promise((resolve) => {
    socket.on("close", () => resolve(null));
    socket.on("data", (bytes: Buffer) => {
      got = Buffer.concat([got, bytes]);
      if (got.length >= 4 && got.length >= 4 + got.readInt32BE(0)) resolve(got.subarray(8));
    });
  });
}

const join = (port: number, group: string) =>
  ask(port, 11, [
    string(group),
    int(4, sessionMs),
    string(""),
    string("consumer"),
    int(4, 1),
    string("range"),
    int(4, 0),
  ]);

describe("a member that waits for its group when the broker is frozen", () => {
  test("is answered afterwards, since it would wait for minutes, and read on what it had", LIMIT, async () => {
    const broker = await startEmbeddedBroker({ topics: [{ name: "orders", partitions: 1, readers: [] }] });
    brokers.push(broker);
    const first = await join(broker.port, "group");
    assert.equal(first?.readInt16BE(0), 0, "the first of a group need not wait");
    // The first never joins anew, so this one waits; sessions pass while nothing runs.
    const second = join(broker.port, "group");
    await delay(200);
    process.kill(broker.pid, "SIGSTOP");
    await delay(sessionMs + 500);
    process.kill(broker.pid, "SIGCONT");
    const answer = await second;
    assert.equal(answer?.readInt16BE(0), 0);
  });
});
