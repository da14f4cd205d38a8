// What goes over to native code in one call, beside what arrives at a consumer: nothing of a message may be lost on the way.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type EmbeddedBroker, startEmbeddedBroker } from "./embedded-broker/start.ts";
import type { OutgoingMessage, Part } from "./outgoing-message.ts";
import { type KafkaProducer, openProducer } from "./producer.ts";
import { baseProperties, producerSettings } from "./settings.ts";
import { closeTestLoops, garbageCollector, newGroupId, openTestLoop, pollFor, textOf } from "./testing.ts";
import type { ClientProperties, KafkaMessage } from "./upstream.ts";

const TOPICS = ["parts", "gc", "long", "first", "second", "full", "mixed"];

let broker: EmbeddedBroker;
let client: ClientProperties;

before(async () => {
  broker = await startEmbeddedBroker({ topics: TOPICS.map((name) => ({ name, partitions: 1, readers: [] })) });
  client = baseProperties(broker.bootstrapServers);
});
after(async () => {
  await closeTestLoops();
  await broker.stop();
});

async function withProducer(run: (producer: KafkaProducer) => Promise<void>, settings?: ClientProperties) {
  const base = producerSettings(client, { lingerMs: 0.5, deliveryTimeoutMs: 20_000 }, { missing: {} });
  const producer = await openProducer({ ...base, ...settings });
  try {
    await run(producer);
  } finally {
    await producer.close();
  }
}

async function read(topic: string, count: number): Promise<KafkaMessage[]> {
  const loop = await openTestLoop(client, [topic], { groupId: newGroupId() });
  const records = await pollFor(loop, count);
  await loop.close();
  return records;
}

const TEXTS = ["", "plain", "clé €", "日本語", "a\0b", "\0", "😀", "x".repeat(3_000)];
// Each becomes U+FFFD alone, and never half of a character with the text that is packed after it.
const HALVES_OF_PAIRS = ["\ud83d", "\ude00", "a\ud83d", "\ude00b"];
const bytesOf = (part: Part) => (part === null ? null : [...Buffer.from(part)]);
/** A message's parts as bytes, headers as pairs in their order. */
function partsOf({ key, value, headers }: KafkaMessage) {
  const pairs = (headers ?? []).flatMap((header) => Object.entries(header));
  return [bytesOf(key), bytesOf(value), pairs.map(([name, part]) => [name, bytesOf(part)])];
}

describe("a batch of all that a message may hold", () => {
  test("arrives as it was given: empty is not none, text may be any, bytes and text stand side by side", () =>
    withProducer(async (producer) => {
      const parts: Part[] = [
        null,
        new Uint8Array(),
        new Uint8Array([0, 255, 128]),
        Buffer.from("buffer"),
        ...TEXTS,
        ...HALVES_OF_PAIRS,
      ];
      const sent = parts.flatMap((key) => parts.map((value): OutgoingMessage => ({ topic: "parts", key, value })));
      assert.deepEqual((await producer.send(sent)).failed, []);
      const arrived = await read("parts", sent.length);
      assert.deepEqual(
        arrived.map(partsOf),
        sent.map(({ key, value }) => [bytesOf(key), bytesOf(value), []]),
      );
    }));

  test("keeps headers in their order: names that come twice, empty values, and none", () =>
    withProducer(async (producer) => {
      const pairs: readonly (readonly [string, Part])[] = [
        ["same", "first"],
        ["same", new Uint8Array([2])],
        ["naïve €", "ü😀"],
        ["none", null],
        ["empty", ""],
        ["empty", new Uint8Array()],
        ["", "no name"],
      ];
      const shared = { shared: "1", none: null };
      const lists = [pairs, undefined, shared, shared, {}, shared, [], pairs, pairs];
      const batch = lists.map((headers): OutgoingMessage => {
        return { topic: "mixed", key: "k", value: "v", ...(headers && { headers }) };
      });
      const { failed, ends } = await producer.send(batch);
      assert.deepEqual(failed, []);
      const arrived = (await read("mixed", ends[0]?.offset ?? 0)).slice(-batch.length);
      assert.deepEqual(
        arrived.map((record) => partsOf(record)[2]),
        lists.map((headers = []) => {
          return (Array.isArray(headers) ? headers : Object.entries(headers)).map(([name, part]) => [
            name,
            bytesOf(part),
          ]);
        }),
      );
    }));

  test("is as many calls as it takes: 2,500 messages, of many topics, in their order", () =>
    withProducer(async (producer) => {
      const batch = Array.from({ length: 2_500 }, (_, i) => {
        return { topic: i % 3 === 0 ? "first" : "second", key: null, value: `${i} ${"é".repeat(i % 700)}` };
      });
      const [one, other] = await Promise.all([producer.send(batch), producer.send(batch)]);
      assert.deepEqual([one.failed, other.failed], [[], []]);
      const total = { first: 2 * 834, second: 2 * 1_666 };
      assert.deepEqual(other.ends, [
        { topic: "first", partition: 0, offset: total.first },
        { topic: "second", partition: 0, offset: total.second },
      ]);
      for (const topic of ["first", "second"] as const) {
        const values = batch.filter((each) => each.topic === topic).map(({ value }) => value);
        assert.deepEqual((await read(topic, total[topic])).map(textOf), [...values, ...values]);
      }
    }));

  test("may hold messages as large as the broker takes, and more: those that are too large fail alone", () =>
    withProducer(async (producer) => {
      const values = [Buffer.alloc(900_000, "0123456789"), Buffer.alloc(9_000_000, "x"), "é".repeat(450_000), "small"];
      const { failed } = await producer.send(values.map((value) => ({ topic: "long", key: null, value })));
      assert.deepEqual(
        failed.map(({ index, error }) => [index, error.code]),
        [[1, "ERR_MSG_SIZE_TOO_LARGE"]],
      );
      const arrived = await read("long", 3);
      assert.ok([0, 2, 3].every((i, n) => Buffer.from(values[i] ?? "").equals(arrived[n]?.value ?? new Uint8Array())));
    }));
});

describe("batches under pressure", () => {
  test("are whole although garbage is collected while they are out", () =>
    withProducer(async (producer) => {
      const collect = garbageCollector();
      const sending: Promise<void>[] = [];
      for (let b = 0; b < 20; b++) {
        const batch = Array.from({ length: 50 }, (_, i) => {
          return { topic: "gc", key: Buffer.from(`${b}`), value: Buffer.from(`${b}/${i}`), headers: { i: `${i}` } };
        });
        sending.push(producer.send(batch).then(({ failed }) => assert.deepEqual(failed, [])));
        collect();
      }
      collect();
      await Promise.all(sending);
      const wanted = Array.from({ length: 1_000 }, (_, n) => `${Math.floor(n / 50)}/${n % 50}`);
      assert.deepEqual((await read("gc", 1_000)).map(textOf), wanted);
    }));

  test("go in one after another where the queue takes one message only", () =>
    withProducer(
      async (producer) => {
        const batch = Array.from({ length: 5 }, (_, i) => ({ topic: "full", key: null, value: `${i}` }));
        const results = await Promise.all([producer.send(batch), producer.send(batch)]);
        assert.deepEqual(
          results.map(({ failed }) => failed),
          [[], []],
        );
        assert.deepEqual((await read("full", 10)).map(textOf), "0123401234".split(""));
      },
      { "queue.buffering.max.messages": 1 },
    ));

  test("do not wait for ever with a message that is larger than the whole queue: it fails alone", () =>
    withProducer(
      async (producer) => {
        const large = { topic: "full", key: null, value: new Uint8Array(1_500_000) };
        const small = { topic: "full", key: null, value: "small" };
        const { failed } = await producer.send([small, large, small]);
        assert.deepEqual(
          failed.map(({ index, error }) => [index, error.code]),
          [[1, "ERR__QUEUE_FULL"]],
        );
      },
      { "queue.buffering.max.kbytes": 1_000, "message.max.bytes": 2_000_000 },
    ));

  test("fail message by message where a client is closed under them: sent, waiting for room and not begun", async () => {
    const base = producerSettings(client, { lingerMs: 0.5, deliveryTimeoutMs: 20_000 }, { missing: {} });
    const producer = await openProducer({ ...base, "queue.buffering.max.messages": 5 });
    await producer.send([{ topic: "full", key: null, value: "connected" }]);
    await broker.down();
    try {
      const batch = Array.from({ length: 8 }, (_, i) => ({ topic: "full", key: null, value: `${i}` }));
      const sending = [producer.send(batch), producer.send(batch)];
      await producer.close(0);
      for (const { failed, ends } of await Promise.all(sending)) {
        assert.deepEqual(ends, []);
        assert.deepEqual(
          failed.map(({ index, error }) => [index, error.kind, error.code]),
          batch.map((_, i) => [i, "retriable", "ERR__DESTROY"]),
        );
        assert.match(failed[0]?.error.message ?? "", /send to full: the producer was closed before/);
      }
    } finally {
      await broker.up();
    }
  });
});
