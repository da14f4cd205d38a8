import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openAdmin } from "./admin.ts";
import { type EmbeddedBroker, startEmbeddedBroker } from "./embedded-broker/start.ts";
import { KafkaError } from "./errors.ts";
import { OutOfRangeError } from "./out-of-range.ts";
import type { PollLoop } from "./poll-loop.ts";
import { type KafkaProducer, openProducer } from "./producer.ts";
import { baseProperties, producerSettings } from "./settings.ts";
import { closeTestLoops, message, newGroupId, openTestLoop, pollFor, sendAll, textOf, until } from "./testing.ts";
import type { ClientProperties, TopicPartition } from "./upstream.ts";

const TOPICS = ["read", "start", "moves", "pause", "range", "commits", "errors", "overdue", "abort", "down"];
let broker: EmbeddedBroker;
let client: ClientProperties;
let producer: KafkaProducer;

before(async () => {
  broker = await startEmbeddedBroker({ topics: TOPICS.map((name) => ({ name, partitions: 3, readers: [] })) });
  client = baseProperties(broker.bootstrapServers);
  producer = await openProducer(
    producerSettings(client, { lingerMs: 0.5, deliveryTimeoutMs: 20_000 }, { missing: {} }),
  );
});
after(async () => {
  await closeTestLoops();
  await producer.close();
  await broker.stop();
});

async function fill(topic: string, each: number, partitions = [0, 1, 2]): Promise<void> {
  await sendAll(
    producer,
    partitions.flatMap((p) => Array.from({ length: each }, (_, i) => message(topic, p, `${p}:${i}`))),
  );
}

async function assigned(loop: PollLoop, count: number): Promise<void> {
  await until(`${count} partitions`, async () => {
    assert.deepEqual(await loop.poll(1, 20), []);
    return loop.assigned().length === count;
  });
}

const at = (topic: string, partition: number, offset: number) => ({ topic, partition, offset });

describe("a poll loop alone in its group", () => {
  test("hands out batches over all partitions, each partition in order", async () => {
    await fill("read", 40);
    const loop = await openTestLoop(client, ["read"], { groupId: newGroupId() });
    const messages = await pollFor(loop, 120);
    for (const partition of [0, 1, 2]) {
      const values = messages.filter((m) => m.partition === partition).map(textOf);
      assert.deepEqual(
        values,
        Array.from({ length: 40 }, (_, i) => `${partition}:${i}`),
      );
    }
    assert.deepEqual(await loop.poll(10, 50), []);
    assert.deepEqual(
      loop.assigned().map(({ next, end }) => [next, end]),
      [
        [40, 40],
        [40, 40],
        [40, 40],
      ],
    );
    await loop.close();
  });

  test("never hands out more than was asked for, nor leaves anything out", async () => {
    const loop = await openTestLoop(client, ["read"], { groupId: newGroupId() });
    const sizes: number[] = [];
    await until("all", async () => {
      sizes.push((await loop.poll(7, 100)).length);
      return sizes.reduce((sum, size) => sum + size, 0) === 120;
    });
    assert.ok(sizes.every((size) => size <= 7));
    await loop.close();
  });

  test("begins where its owner says, not where the broker's commit is, and reads nothing before it said so", async () => {
    await fill("start", 10);
    const groupId = newGroupId();
    const loop = await openTestLoop(
      client,
      ["start"],
      { groupId },
      {
        onAssign: (partitions) =>
          Promise.resolve(partitions.map((p) => ({ ...p, offset: p.partition === 2 ? ("earliest" as const) : 8 }))),
      },
    );
    const messages = await pollFor(loop, 14);
    const offsets = (partition: number) => messages.filter((m) => m.partition === partition).map((m) => m.offset);
    assert.deepEqual(
      [offsets(0), offsets(1), offsets(2)],
      [
        [8, 9],
        [8, 9],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      ],
    );
    await loop.close();
  });

  test("hands out an error of onAssign, and asks again at the next poll", async () => {
    let asked = 0;
    const loop = await openTestLoop(
      client,
      ["start"],
      { groupId: newGroupId() },
      {
        onAssign(partitions) {
          if (++asked === 1) return Promise.reject(new Error("the store is locked"));
          return Promise.resolve(partitions.map((p) => ({ ...p, offset: 9 })));
        },
      },
    );
    await assert.rejects(pollFor(loop, 3), /the store is locked/);
    assert.equal((await pollFor(loop, 3)).length, 3);
    assert.equal(asked, 2);
    await loop.close();
  });

  test("refuses to read a partition for which onAssign gives no offset", async () => {
    const loop = await openTestLoop(
      client,
      ["start"],
      { groupId: newGroupId() },
      {
        onAssign: (partitions) => Promise.resolve(partitions.slice(1).map((p) => ({ ...p, offset: 0 }))),
      },
    );
    await assert.rejects(pollFor(loop, 1), /no start offset for start\/\d/);
    await loop.close();
  });

  test("seeks back and forth, and hands out nothing from before the seek", async () => {
    const loop = await openTestLoop(client, ["start"], { groupId: newGroupId() });
    await pollFor(loop, 30);
    await loop.seek([at("start", 0, 7), at("start", 1, 9)]);
    const again = await pollFor(loop, 4);
    assert.deepEqual(again.map((m) => `${m.partition}/${m.offset}`).sort(), ["0/7", "0/8", "0/9", "1/9"]);
    await loop.close();
  });

  test("hands out nothing of a paused partition, and all of it after resume", async () => {
    const loop = await openTestLoop(client, ["pause"], { groupId: newGroupId() });
    await assigned(loop, 3);
    const held: TopicPartition[] = [{ topic: "pause", partition: 1 }];
    loop.pause(held);
    await fill("pause", 5);
    const first = await pollFor(loop, 10);
    assert.deepEqual(new Set(first.map((m) => m.partition)), new Set([0, 2]));
    assert.deepEqual(await loop.poll(10, 200), []);
    loop.resume(held);
    assert.deepEqual((await pollFor(loop, 5)).map(textOf), ["1:0", "1:1", "1:2", "1:3", "1:4"]);
    await loop.close();
  });

  test("commits offsets with metadata to the broker, and reads them again", async () => {
    const groupId = newGroupId();
    const partitions = [0, 1].map((partition) => ({ topic: "commits", partition }));
    const loop = await openTestLoop(client, ["commits"], { groupId });
    await assigned(loop, 3);
    assert.deepEqual(await loop.committed(partitions), [undefined, undefined]);
    loop.commit([{ ...at("commits", 0, 0), metadata: "store 1é" }]);
    await until("the commit", async () => (await loop.committed(partitions))[0] !== undefined);
    const [committed, none] = await loop.committed(partitions);
    assert.deepEqual([committed?.offset, committed?.metadata, none], [0, "store 1é", undefined]);
    await loop.close();
  });

  test("has committed what its owner commits while it closes", async () => {
    const groupId = newGroupId();
    const loop: PollLoop = await openTestLoop(
      client,
      ["read"],
      { groupId },
      {
        onRevoke() {
          loop.commit([at("read", 2, 33)]);
          return Promise.resolve();
        },
      },
    );
    await pollFor(loop, 120);
    await loop.close();
    const admin = await openAdmin(client);
    const [offset] = await admin.committedOffsets(groupId, [{ topic: "read", partition: 2 }]);
    assert.equal(offset?.offset, 33);
    await admin.close();
  });

  test("gives back all its partitions when it closes, so that their owner can finish", async () => {
    const revoked: TopicPartition[] = [];
    const groupId = newGroupId();
    const loop = await openTestLoop(
      client,
      ["commits"],
      { groupId },
      {
        onRevoke(partitions) {
          revoked.push(...partitions);
          return Promise.resolve();
        },
      },
    );
    await assigned(loop, 3);
    await loop.close();
    assert.equal(revoked.length, 3);
    await assert.rejects(loop.poll(1, 1), /the poll loop is closed/);
    assert.throws(() => loop.commit([at("commits", 0, 0)]), /the poll loop is closed/);
  });

  test("refuses a second poll before the first has ended", async () => {
    const loop = await openTestLoop(client, ["errors"], { groupId: newGroupId() });
    const first = loop.poll(1, 300);
    await assert.rejects(loop.poll(1, 1), /the last one has not ended/);
    await first;
    await loop.close();
  });

  test("ends its wait soon after the signal was aborted", async () => {
    const controller = new AbortController();
    const loop = await openTestLoop(client, ["abort"], { groupId: newGroupId() }, { signal: controller.signal });
    await assigned(loop, 3);
    const polling = loop.poll(1, 600_000);
    controller.abort();
    assert.deepEqual(await polling, []);
    await loop.close();
  });

  test("goes on by itself after its broker was away", async () => {
    const loop = await openTestLoop(client, ["down"], { groupId: newGroupId() });
    await fill("down", 1);
    await pollFor(loop, 3);
    await broker.down();
    assert.deepEqual(await loop.poll(1, 500), []);
    await broker.up();
    await fill("down", 1);
    assert.equal((await pollFor(loop, 3)).length, 3);
    await loop.close();
  });
});

describe("what cannot be read", () => {
  test("a topic that does not exist is an error at once, not silence", async () => {
    await assert.rejects(openTestLoop(client, ["read", "no-such"], { groupId: newGroupId() }), (error) => {
      assert.ok(error instanceof KafkaError && error.kind === "fatal");
      assert.match(error.message, /no such topic: no-such/);
      return true;
    });
  });

  test("an offset out of range is an error that names partition, offset and log, never a jump", async () => {
    await fill("range", 5);
    const loop = await openTestLoop(
      client,
      ["range"],
      { groupId: newGroupId() },
      {
        onAssign: (partitions) =>
          Promise.resolve(partitions.map((p) => ({ ...p, offset: p.partition === 1 ? 77 : 0 }))),
      },
    );
    const messages: string[] = [];
    const error = await until("the error", async () => {
      messages.push(...(await loop.poll(100, 100)).map(textOf));
      return false;
    }).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof OutOfRangeError, String(error));
    assert.deepEqual(error.partitions, [{ topic: "range", partition: 1, next: 77, start: 0, end: 5 }]);
    assert.equal(error.kind, "fatal");
    assert.deepEqual(
      messages.filter((text) => text.startsWith("1:")),
      [],
    );
    await loop.close();
  });
});

describe("an owner that does not poll", () => {
  test("is told before the broker gives the partitions to others", async () => {
    let limit = 0;
    const group = { groupId: newGroupId(), maxPollIntervalMs: 6_000 };
    const loop = await openTestLoop(client, ["overdue"], group, { onPollOverdue: ({ limitMs }) => (limit = limitMs) });
    await assigned(loop, 3);
    await until("the warning", () => limit > 0);
    assert.equal(limit, 6_000);
    assert.equal(loop.assigned().length, 3);
    await loop.close();
  });
});
