import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type KafkaAdmin, openAdmin } from "./admin.ts";
import { type EmbeddedBroker, startEmbeddedBroker } from "./embedded-broker/start.ts";
import { openProducer } from "./producer.ts";
import { readRecords } from "./record-reader.ts";
import { baseProperties, consumerSettings, producerSettings } from "./settings.ts";
import { closeTestLoops, message, newGroupId, openTestLoop, sendAll, textOf, until } from "./testing.ts";
import type { ClientProperties } from "./upstream.ts";

let broker: EmbeddedBroker;
let client: ClientProperties;
let admin: KafkaAdmin;

before(async () => {
  broker = await startEmbeddedBroker({ topics: [{ name: "facts", partitions: 3, readers: [] }] });
  client = baseProperties(broker.bootstrapServers);
  admin = await openAdmin(client);
  const producer = await openProducer(
    producerSettings(client, { lingerMs: 0, deliveryTimeoutMs: 20_000 }, { missing: {} }),
  );
  const messages = [0, 1].flatMap((p) =>
    Array.from({ length: 10 * (p + 1) }, (_, i) => message("facts", p, `${p}:${i}`)),
  );
  await sendAll(producer, messages);
  await producer.close();
});
after(async () => {
  await closeTestLoops();
  await admin.close();
  await broker.stop();
});

const spec = (name: string, partitions: number) => ({ name, partitions, readers: [], retentionMs: -1 });

describe("topics that are there", () => {
  test("are compared with what they should be", async () => {
    assert.deepEqual(await admin.ensureTopics([spec("facts", 3)]), {
      created: [],
      differences: [],
      retentionUnknown: ["facts"],
    });
    const { differences } = await admin.ensureTopics([spec("facts", 12)]);
    assert.deepEqual(differences, ["topic facts has 3 partitions instead of 12"]);
  });

  test("give their partitions, and the start and end of each log", async () => {
    const partitions = await admin.partitionsOf(["facts"]);
    const ranges = await admin.logRanges(partitions);
    assert.deepEqual(
      ranges.map(({ partition, start, end }) => [partition, start, end]),
      [
        [0, 0, 10],
        [1, 0, 20],
        [2, 0, 0],
      ],
    );
  });

  test("give the lag of a group, with its commits' metadata, from the log's start where it never committed", async () => {
    const groupId = newGroupId();
    const loop = await openTestLoop(client, ["facts"], { groupId });
    await until("a partition", async () => (await loop.poll(1, 50)).length > 0);
    loop.commit([{ topic: "facts", partition: 0, offset: 4, metadata: "store-7" }]);
    const partitions = await admin.partitionsOf(["facts"]);
    await until("the commit", async () => (await admin.committedOffsets(groupId, partitions)).length === 1);
    const lag = await admin.lag(groupId, ["facts"]);
    assert.deepEqual(
      lag.map((p) => [p.committed, p.metadata, p.lag]),
      [
        [4, "store-7", 6],
        [undefined, undefined, 20],
        [undefined, undefined, 0],
      ],
    );
    await loop.close();
  });
});

describe("topics that are not there", () => {
  test("are an error that says that this broker cannot create them", async () => {
    await assert.rejects(
      admin.ensureTopics([spec("facts", 3), spec("absent", 1)]),
      /create topic absent.*cannot create topics/,
    );
  });

  test("have no partitions to look at", async () => {
    await assert.rejects(admin.partitionsOf(["facts", "absent"]), /no such topic: absent/);
  });
});

describe("single records", () => {
  test("are read at their offsets, undefined where the log has none", async () => {
    const offsets = [
      { topic: "facts", partition: 1, offset: 19 },
      { topic: "facts", partition: 0, offset: 3 },
      { topic: "facts", partition: 2, offset: 0 },
    ];
    const settings = consumerSettings(client, { groupId: newGroupId() });
    const records = await readRecords(settings, offsets);
    assert.deepEqual(
      records.map((record) => record && textOf(record)),
      ["1:19", "0:3", undefined],
    );
    assert.deepEqual(await readRecords(settings, [{ topic: "facts", partition: 0, offset: 10 }]), [undefined]);
  });
});

describe("a closed admin client", () => {
  test("says so, and not by crashing", async () => {
    const closed = await openAdmin(client);
    const running = closed.partitionsOf(["facts"]);
    await closed.close();
    assert.equal((await running).length, 3);
    await assert.rejects(async () => closed.lag("g", ["facts"]), /the admin client is closed/);
  });
});
