// "No request, however wrong, ends the broker." A failure names its seed: FUZZ_SEED=<seed> runs the same bytes again.
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { describe, test } from "node:test";
import { type EmbeddedBroker, startEmbeddedBroker } from "./start.ts";
import { closeProducer, faults, numbered, openProducer, openReader, send, until } from "./test-clients.ts";

const LIMIT = { timeout: 60_000 };
const HIGHEST_API_KEY = 100;
const HIGHEST_VERSION = 20;
const AT_ONCE = 50;
const topic = { name: "orders", partitions: 2, readers: ["billing"] };

type Random = (below: number) => number;

/** mulberry32: small, and the same bytes for the same seed on every runtime. */
function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const int = (width: 1 | 2 | 4, value: number) => {
  const bytes = Buffer.alloc(width);
  bytes.writeIntBE(value, 0, width);
  return bytes;
};
const string = (text: string) => Buffer.concat([int(2, Buffer.byteLength(text)), Buffer.from(text)]);
const frame = (key: number, version: number, body: Buffer) => {
  const head = Buffer.concat([int(2, key), int(2, version), int(4, 7), string("fuzz")]);
  return Buffer.concat([int(4, head.length + body.length), head, body]);
};

/** Bytes, or what looks like fields: names that exist, small counts, lengths that lie. */
function randomBody(random: Random): Buffer {
  const parts: Buffer[] = [];
  for (let left = random(14); left > 0; left--) {
    const pieces = [
      () => int(4, random(4) - 1),
      () => int(2, random(5) - 2),
      () => int(1, random(3)),
      () => string(["orders", "confused", "", "member", "range", "a\0b", "x".repeat(300)][random(7)] ?? ""),
      () => Buffer.alloc(8, random(2) * 255),
      () => int(4, [2 ** 31 - 1, -(2 ** 31), 1000, 6000][random(4)] ?? 0),
      () => Buffer.from(Array.from({ length: random(40) }, () => random(256))),
    ];
    parts.push(pieces[random(pieces.length)]?.() ?? Buffer.alloc(0));
  }
  return Buffer.concat(parts);
}

// What the broker takes, as in requests.c, in one version each: with these fields a request reaches its handler.
const OFFERED: readonly (readonly [key: number, version: number, fields: string])[] = [
  [0, 8, "n24[s[4b]]"],
  [1, 11, "4444144[s[44884]][s[4]]s"],
  [2, 5, "41[s[448]]"],
  [3, 8, "{s}111"],
  [8, 2, "s4s8[s[48n]]"],
  [8, 7, "s4sn[s[484n]]"],
  [9, 5, "s{s[4]}"],
  [10, 2, "s1"],
  [11, 4, "s44ss[sb]"],
  [11, 5, "s44sns[sb]"],
  [12, 3, "s4sn"],
  [13, 2, "ss"],
  [14, 3, "s4sn[sb]"],
  [22, 1, "n4"],
  [23, 2, "[s[444]]"],
];
// The reader's own group is not among them: a commit in its name is no wrong request, and would be obeyed.
const NAMES = ["orders", "confused", "m1", "m2", "", "range", "__embedded_broker_incarnation", "x".repeat(1000)];
const NUMBERS = [0, 1, 2, 3, -1, -2, 50, 6000, 100_000, 2 ** 31 - 1, -(2 ** 31)];

/** Every field in its place, with values that make no sense together; several members and groups get mixed up. */
function sensible(fields: string, random: Random): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < fields.length; at++) {
    const field = fields[at] ?? "";
    const number = NUMBERS[random(NUMBERS.length)] ?? 0;
    if (field === "s" || field === "n") parts.push(string(NAMES[random(NAMES.length)] ?? ""));
    else if (field === "b") parts.push(random(2) ? batchLike(random) : Buffer.concat([int(4, 3), Buffer.from("abc")]));
    else if (field === "1") parts.push(int(1, random(3)));
    else if (field === "2") parts.push(int(2, random(3) - 1));
    else if (field === "4") parts.push(int(4, number));
    else if (field === "8") parts.push(Buffer.concat([int(4, random(4) ? 0 : number), int(4, number)]));
    else {
      const end = endOfArray(fields, at);
      const count = random(4);
      parts.push(int(4, count));
      for (let i = 0; i < count; i++) parts.push(sensible(fields.slice(at + 1, end), random));
      at = end;
    }
  }
  return Buffer.concat(parts);
}

function endOfArray(fields: string, from: number): number {
  for (let at = from, depth = 0; ; at++) {
    if ("[{".includes(fields[at] ?? "")) depth += 1;
    else if ("]}".includes(fields[at] ?? "") && --depth === 0) return at;
  }
}

/** Where a record batch is due: its length and its magic are right, the rest is not. */
function batchLike(random: Random): Buffer {
  const batch = Buffer.from(Array.from({ length: 61 + random(60) }, () => random(256)));
  batch.writeInt32BE(batch.length - 12, 8);
  batch[16] = random(4);
  return Buffer.concat([int(4, batch.length), batch]);
}

function offered(random: Random): Buffer {
  const [key, version, fields] = OFFERED[random(OFFERED.length)] ?? [18, 0, ""];
  const bytes = frame(key, version, sensible(fields, random));
  // Now and then one byte of it is another, behind the frame's own length.
  if (random(4) === 0) bytes[4 + random(bytes.length - 4)] = random(256);
  return bytes;
}

/** Sends and waits until the broker has closed the connection, or has answered, or leaves us waiting. */
function throwAt(port: number, bytes: Buffer, abrupt: boolean): Promise<void> {
  return new Promise((resolve) => {
    const socket: Socket = connect(port, "127.0.0.1");
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve();
    };
    const timer = setTimeout(done, 300);
    socket.on("error", done).on("close", done).on("data", done);
    socket.on("connect", () => {
      if (abrupt) socket.end(bytes);
      else socket.write(bytes);
    });
  });
}

async function throwAll(broker: EmbeddedBroker, shots: readonly Buffer[], random: Random): Promise<void> {
  let next = 0;
  const thrower = async () => {
    for (let shot = shots[next++]; shot !== undefined; shot = shots[next++]) {
      await throwAt(broker.port, shot, random(4) === 0);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, thrower));
}

function shots(random: Random): Buffer[] {
  const all: Buffer[] = [];
  for (let key = 0; key <= HIGHEST_API_KEY; key++) {
    for (let version = 0; version <= HIGHEST_VERSION; version++) all.push(frame(key, version, randomBody(random)));
  }
  // Those that the broker answers, again and again; several requests in one go, the last one cut off.
  for (let i = 0; i < 1500; i++) {
    const key = [0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 18, 22, 23][random(14)] ?? 0;
    const several = Array.from({ length: 1 + random(4) }, () => frame(key, random(12), randomBody(random)));
    const bytes = Buffer.concat(several);
    all.push(random(3) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes);
  }
  for (let i = 0; i < 4000; i++) {
    all.push(Buffer.concat(Array.from({ length: 1 + random(6) }, () => offered(random))));
  }
  for (let i = 0; i < 200; i++) all.push(Buffer.from(Array.from({ length: random(200) }, () => random(256))));
  all.push(Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  for (const size of [0, 1, 9, 2 ** 31 - 1, -1, -(2 ** 31), 16_000_000])
    all.push(Buffer.concat([int(4, size), int(4, 0)]));
  return all;
}

describe("a broker that holds messages", () => {
  const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);

  test(`outlives every kind of wrong request and still has them and serves (FUZZ_SEED=${seed})`, LIMIT, async () => {
    const random = randomFrom(seed);
    const broker = await startEmbeddedBroker({ topics: [topic] });
    const producer = await openProducer(broker.bootstrapServers);
    await send(producer, numbered(topic.name, topic.partitions, 500));
    const bytes = shots(random);
    await throwAll(broker, bytes, random);
    assert.ok(bytes.length > 7000);
    await broker.down(); // is answered: it is the same program that we started
    await broker.up();
    await send(producer, numbered(topic.name, topic.partitions, 500, 500));
    const reader = await openReader(broker.bootstrapServers, "billing", [topic.name]);
    await until(() => reader.seen.length >= 1000 * topic.partitions);
    assert.deepEqual(faults(reader.seen, topic.partitions, 1000), []);
    await reader.close();
    await closeProducer(producer);
    await broker.stop();
  });
});
