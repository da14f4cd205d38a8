// What is sent and what arrives: keys, values, headers, times, sizes.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type EmbeddedBroker, startEmbeddedBroker } from "../../embedded-broker/start.ts";
import {
  type ClientError,
  close,
  CODES,
  type Consumed,
  type Consumer,
  consumeFor,
  IS_UPSTREAMS_BUILD,
  openConsumer,
  openProducer,
  type Producer,
} from "./clients.ts";
import { runProgram } from "./run-program.ts";

const EMPTY = Buffer.alloc(0);
const VALUE = Buffer.from("value");

let broker: EmbeddedBroker;
let producer: Producer;
let consumer: Consumer;
before(async () => {
  broker = await startEmbeddedBroker({ topics: [{ name: "values", partitions: 1, readers: [] }] });
  producer = await openProducer(broker.bootstrapServers, { "linger.ms": 0 });
  consumer = await openConsumer(broker.bootstrapServers, "values");
  consumer.assign([{ topic: "values", partition: 0, offset: 0 }]);
});
after(async () => {
  await close(producer);
  await close(consumer);
  await broker.stop();
});

/** Produces one message and reads it. */
async function pass(value: unknown, key?: unknown, timestamp?: unknown, headers?: unknown): Promise<Consumed> {
  producer.produce("values", 0, value, key, timestamp, undefined, headers);
  const [message] = await consumeFor(consumer, 1);
  assert.ok(message);
  return message;
}

/** Null of an upstream that cannot tell an empty buffer from none: V8's has no memory on Node 20, which it takes for null. */
function emptyOrAsUpstream(value: Uint8Array | null): void {
  if (IS_UPSTREAMS_BUILD) assert.equal(value, null);
  else assert.deepEqual(value, EMPTY);
}

describe("a message's key and value", () => {
  test("null is null, for a tombstone, and a key that is left out too", async () => {
    for (const key of [null, undefined]) {
      const message = await pass(null, key);
      assert.equal(message.key, null);
      assert.equal(message.value, null);
      assert.equal(message.size, 0);
    }
  });

  test("an empty buffer arrives empty, not null, as upstream's own test says", async () => {
    const message = await pass(EMPTY, EMPTY);
    emptyOrAsUpstream(message.value);
    emptyOrAsUpstream(message.key);
    emptyOrAsUpstream((await pass(new Uint8Array(0), null)).value);
  });

  test("an empty string as the key arrives empty", async () => {
    assert.deepEqual((await pass(VALUE, "")).key, EMPTY);
  });

  test("a key may be text, bytes or anything that String() takes", async () => {
    assert.equal(String((await pass(VALUE, "kÿ€😀")).key), "kÿ€😀");
    assert.deepEqual((await pass(VALUE, new Uint8Array([0, 255]))).key, Buffer.from([0, 255]));
    assert.equal(String((await pass(VALUE, 42)).key), "42");
  });

  test("a string as the key ends at its first zero character", async () => {
    assert.equal(String((await pass(VALUE, "before\0after")).key), "before");
  });

  test("a value is bytes: text and undefined are refused, and nothing is sent", async () => {
    for (const value of ["text", undefined, 42, {}]) {
      assert.throws(() => producer.produce("values", 0, value), /Message must be a buffer or null/);
    }
    assert.deepEqual((await pass(new Uint8Array([1, 0, 2]))).value, Buffer.from([1, 0, 2]));
  });

  test("a buffer may be written to as soon as produce has returned", async () => {
    const value = Buffer.from("before");
    producer.produce("values", 0, value);
    value.fill("x");
    assert.equal(String((await consumeFor(consumer, 1))[0]?.value), "before");
  });

  test("more than message.max.bytes is refused at once, by its code", () => {
    assert.throws(
      () => producer.produce("values", 0, Buffer.alloc(2 ** 20)),
      ({ code }: ClientError) => code === CODES["ERR_MSG_SIZE_TOO_LARGE"],
    );
  });
});

describe("a message's time", () => {
  test("is the one that is given, in whole milliseconds", async () => {
    assert.equal((await pass(VALUE, null, 1_700_000_000_000)).timestamp, 1_700_000_000_000);
    assert.equal((await pass(VALUE, null, 1_700_000_000_000.7)).timestamp, 1_700_000_000_000);
  });

  test("must be a number", () => {
    assert.throws(() => producer.produce("values", 0, VALUE, null, "1700000000000"), /Timestamp must be a number/);
  });

  test("is now when none is given", async () => {
    const { timestamp } = await pass(VALUE);
    assert.ok(Math.abs(Date.now() - timestamp) < 60_000);
  });
});

describe("a message's headers", () => {
  test("keep their order and repeated names; values are text or bytes and arrive as bytes, empty ones empty", async () => {
    const sent = [{ a: "1" }, { b: Buffer.from([0, 255]) }, { a: "ÿ€😀" }, { "ü€": "" }, { c: EMPTY }];
    const { headers } = await pass(VALUE, null, undefined, sent);
    const expected = sent.map((header) =>
      Object.fromEntries(Object.entries(header).map(([name, value]) => [name, Buffer.from(value)])),
    );
    assert.deepEqual(headers, expected);
  });

  test("are left out when there are none", async () => {
    for (const none of [undefined, null, [], {}, { a: "1" }]) {
      assert.equal((await pass(VALUE, null, undefined, none)).headers, undefined);
    }
  });

  test("of an object only the first property is sent", async () => {
    const { headers } = await pass(VALUE, null, undefined, [{ a: "1", b: "2" }]);
    assert.deepEqual(headers, [{ a: Buffer.from("1") }]);
  });

  test("a value that is a number, null or missing throws, and the message is sent without it all the same", async () => {
    for (const header of [{ a: 1 }, { a: null }, { a: undefined }, {}]) {
      assert.throws(
        () => producer.produce("values", 0, VALUE, null, undefined, undefined, [header, { b: "2" }]),
        /Header value must be a string or buffer/,
      );
      const [message] = await consumeFor(consumer, 1);
      assert.deepEqual(message?.headers, [{ b: Buffer.from("2") }]);
    }
  });
});

describe("a value that cannot be converted", () => {
  test("throws out of produce what its own code threw, where upstream's build ends the process", async () => {
    const ending = await runProgram(new URL("impossible-values-program.ts", import.meta.url), [
      broker.bootstrapServers,
    ]);
    // FATAL ERROR: v8::ToLocalChecked Empty MaybeLocal
    if (IS_UPSTREAMS_BUILD) assert.deepEqual(ending, { code: null, signal: "SIGABRT", output: "" });
    else
      assert.deepEqual(ending, {
        code: 0,
        signal: null,
        output: "header: own error\nkey: own error\nsymbol: TypeError\n",
      });
  });
});
