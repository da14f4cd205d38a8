import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type EmbeddedBroker, startEmbeddedBroker } from "./embedded-broker/start.ts";
import { KafkaError } from "./errors.ts";
import type { OutgoingMessage } from "./outgoing-message.ts";
import { type KafkaProducer, openProducer } from "./producer.ts";
import { baseProperties, producerSettings } from "./settings.ts";
import { closeTestLoops, message, newGroupId, openTestLoop, pollFor, sendAll, textOf, until } from "./testing.ts";
import type { ClientProperties } from "./upstream.ts";

let broker: EmbeddedBroker;
let client: ClientProperties;

before(async () => {
  broker = await startEmbeddedBroker({
    topics: ["orders", "headers", "many", "outage", "late"].map((name) => ({ name, partitions: 2, readers: [] })),
  });
  client = baseProperties(broker.bootstrapServers);
});
after(async () => {
  await closeTestLoops();
  await broker.stop();
});

function open(settings: ClientProperties = {}, deliveryTimeoutMs = 20_000): Promise<KafkaProducer> {
  const base = producerSettings(client, { lingerMs: 0.5, deliveryTimeoutMs }, { missing: {} });
  return openProducer({ ...base, ...settings });
}

async function withProducer(run: (producer: KafkaProducer) => Promise<void>, settings?: ClientProperties) {
  const producer = await open(settings);
  try {
    await run(producer);
  } finally {
    await producer.close();
  }
}

describe("a producer on a broker that is up", () => {
  test("answers for a whole batch how far each partition got", () =>
    withProducer(async (producer) => {
      const first = await producer.send([
        message("orders", 0, "a"),
        message("orders", 1, "b"),
        message("orders", 0, "c"),
      ]);
      assert.deepEqual(first.failed, []);
      assert.deepEqual(first.ends, [
        { topic: "orders", partition: 0, offset: 2 },
        { topic: "orders", partition: 1, offset: 1 },
      ]);
      assert.deepEqual(await producer.send([]), { ends: [], failed: [] });
    }));

  test("carries key, value, headers and timestamp as they are, text or bytes", () =>
    withProducer(async (producer) => {
      const sent: OutgoingMessage = {
        topic: "headers",
        partition: 0,
        key: "ключ",
        value: new Uint8Array([0, 255]),
        headers: { "content-type": "application/cloudevents+json", bytes: new Uint8Array([1, 2]) },
        timestampMs: 1_700_000_000_000,
      };
      await sendAll(producer, [sent, { topic: "headers", partition: 0, key: null, value: null }]);
      const loop = await openTestLoop(client, ["headers"], { groupId: newGroupId() });
      const [full, empty] = await pollFor(loop, 2);
      await loop.close();
      assert.equal(new TextDecoder().decode(full?.key ?? undefined), "ключ");
      assert.deepEqual([...(full?.value ?? [])], [0, 255]);
      assert.equal(full?.timestamp, 1_700_000_000_000);
      const [type, bytes] = full?.headers ?? [];
      assert.equal(new TextDecoder().decode(type?.["content-type"] ?? undefined), "application/cloudevents+json");
      assert.deepEqual([...(bytes?.["bytes"] ?? [])], [1, 2]);
      assert.deepEqual([empty?.key, empty?.value], [null, null]);
    }));

  test("puts one key's messages into one partition, in order", () =>
    withProducer(async (producer) => {
      const batches = Array.from({ length: 5 }, (_, b) =>
        Array.from({ length: 50 }, (_, i) => ({ topic: "many", key: "one order", value: String(b * 50 + i) })),
      );
      const results = await Promise.all(batches.map((batch) => producer.send(batch)));
      assert.deepEqual(new Set(results.flatMap(({ ends }) => ends.map(({ partition }) => partition))).size, 1);
      const loop = await openTestLoop(client, ["many"], { groupId: newGroupId() });
      const values = (await pollFor(loop, 250)).map(textOf);
      await loop.close();
      assert.deepEqual(
        values,
        Array.from({ length: 250 }, (_, i) => String(i)),
      );
    }));

  test("does not let a few messages linger: nothing comes for them to wait for", { timeout: 30_000 }, () =>
    withProducer(
      async (producer) => {
        // An idempotent producer may not send at once.
        let isSent = false;
        const sending = producer.send([message("late", 0, "first")]).finally(() => (isSent = true));
        while (!isSent) await producer.flush(1_000);
        const first = await sending;
        const second = await producer.send([message("late", 0, "second")]);
        assert.deepEqual([...first.failed, ...second.failed], []);
      },
      { "linger.ms": 60_000, "delivery.timeout.ms": 120_000 },
    ),
  );

  test("waits while its queue is full, and loses nothing", () =>
    withProducer(
      async (producer) => {
        const before = (await producer.send([message("late", 1, "first")])).ends[0]?.offset ?? 0;
        const batches = Array.from({ length: 10 }, () => Array.from({ length: 100 }, () => message("late", 1, "x")));
        const results = await Promise.all(batches.map((batch) => producer.send(batch)));
        assert.deepEqual(
          results.flatMap(({ failed }) => failed),
          [],
        );
        assert.equal(Math.max(...results.map(({ ends }) => ends[0]?.offset ?? 0)), before + 1_000);
      },
      { "queue.buffering.max.messages": 30 },
    ));
});

describe("a message that cannot be one", () => {
  const wrong: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    [
      "a header that is a number",
      { headers: { ok: "yes", attempt: 3 } },
      /message 1 .*header "attempt" is neither text nor bytes, but number/,
    ],
    [
      "a header that is nothing",
      { headers: { trace: undefined } },
      /header "trace" is neither text nor bytes, but undef/,
    ],
    ["a pair without a name", { headers: [[1, "one"]] }, /a header is no pair of name and value/],
    ["headers that are text", { headers: "trace" }, /the headers are none/],
    ["a value that is an object", { value: { a: 1 } }, /the value is neither text nor bytes/],
    ["a key that is a number", { key: 7 }, /the key is neither text nor bytes/],
    ["no topic", { topic: "" }, /the topic is no name/],
    ["a topic with a null in it", { topic: "orders\0" }, /the topic is no name/],
  ];
  for (const [what, part, sign] of wrong) {
    test(`(${what}) is refused before anything of the batch is sent, and named`, () =>
      withProducer(async (producer) => {
        const end = async () => (await producer.send([message("orders", 0, "probe")])).ends[0]?.offset ?? 0;
        const before = await end();
        const bad = { ...message("orders", 0, "bad"), ...part } as OutgoingMessage; // what untyped callers can do
        await assert.rejects(producer.send([message("orders", 0, "good"), bad]), (error) => {
          assert.ok(error instanceof KafkaError && error.kind === "message");
          assert.match(error.message, sign);
          return true;
        });
        assert.equal(await end(), before + 1);
      }));
  }

  test("(too large) fails alone: the others of its batch are acknowledged", () =>
    withProducer(async (producer) => {
      const large = { ...message("orders", 0, ""), value: new Uint8Array(1_500_000) };
      const { ends, failed } = await producer.send([message("orders", 1, "a"), large, message("orders", 1, "b")]);
      assert.equal(ends.length, 1);
      assert.deepEqual(
        failed.map(({ index, error }) => [index, error.kind, error.code]),
        [[1, "message", "ERR_MSG_SIZE_TOO_LARGE"]],
      );
    }));

  test("(a partition that the topic does not have) fails alone", () =>
    withProducer(async (producer) => {
      const { failed } = await producer.send([message("orders", 1, "a"), message("orders", 99, "b")]);
      assert.deepEqual(
        failed.map(({ index, error }) => [index, error.kind, error.code]),
        [[1, "message", "ERR__UNKNOWN_PARTITION"]],
      );
    }));
});

describe("a producer whose broker goes", () => {
  test("for a while sends what it was given when the broker is back, once", () =>
    withProducer(async (producer) => {
      await sendAll(producer, [message("outage", 0, "before")]);
      await broker.down();
      let acknowledged = false;
      const sending = sendAll(producer, [message("outage", 0, "during")]).then(() => (acknowledged = true));
      await until("the outage is felt", () => !acknowledged);
      await broker.up();
      await sending;
      const loop = await openTestLoop(client, ["outage"], { groupId: newGroupId() });
      assert.deepEqual((await pollFor(loop, 2)).map(textOf), ["before", "during"]);
      await loop.close();
    }));

  test("for longer than the delivery timeout says for each message that it may be tried again", async () => {
    const producer = await open({}, 1_000);
    await broker.down();
    try {
      const { failed } = await producer.send([message("outage", 1, "a"), message("outage", 1, "b")]);
      assert.deepEqual(
        failed.map(({ index, error }) => [index, error.kind, error.code]),
        [
          [0, "retriable", "ERR__MSG_TIMED_OUT"],
          [1, "retriable", "ERR__MSG_TIMED_OUT"],
        ],
      );
    } finally {
      await broker.up();
      await producer.close();
    }
  });

  test("and that is closed then answers for what it could not send, so that nobody waits for ever", async () => {
    const producer = await open();
    await broker.down();
    try {
      const sending = producer.send([message("outage", 1, "a")]);
      await producer.close(100);
      const { failed } = await sending;
      assert.deepEqual(
        failed.map(({ error }) => error.kind),
        ["retriable"],
      );
      await assert.rejects(producer.send([message("outage", 1, "b")]), /the producer is closed/);
    } finally {
      await broker.up();
    }
  });
});
