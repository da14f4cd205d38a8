// What our entry point of the addon hands over, beside what upstream's own `consume` hands over for the same records.
import type { KafkaConsumer, LibrdKafkaError, Message } from "@confluentinc/kafka-javascript";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { consume } from "./consumer-calls.ts";
import { connect } from "./connect.ts";
import { type EmbeddedBroker, startEmbeddedBroker } from "./embedded-broker/start.ts";
import { closeProducer, openProducer } from "./embedded-broker/test-clients.ts";
import { baseProperties, consumerSettings } from "./settings.ts";
import { newGroupId, until } from "./testing.ts";
import { type Consumer, type KafkaMessage, newConsumer } from "./upstream.ts";

const TOPICS = ["first", "second"];
const RECORDS = [
  { key: "key", value: "value", headers: [{ one: "1" }, { two: "2" }] },
  { key: "", value: "", headers: [{ empty: "" }] },
  { key: null, value: null, headers: undefined },
  { key: "clé €", value: "a\0b", headers: [{ same: "first" }, { same: "second" }, { "naïve €": "ü" }] },
  { key: "large", value: "x".repeat(900_000), headers: undefined },
  ...Array.from({ length: 40 }, (_, i) => ({ key: `${i}`, value: `${i}`, headers: [{ [`name-${i}`]: `${i}` }] })),
];

let broker: EmbeddedBroker;
before(async () => {
  broker = await startEmbeddedBroker({ topics: TOPICS.map((name) => ({ name, partitions: 1, readers: [] })) });
  const producer = await openProducer(broker.bootstrapServers);
  let reports = 0;
  producer.on("delivery-report", (error) => {
    assert.ok(!error);
    reports++;
  });
  for (const topic of TOPICS)
    for (const [i, { key, value, headers }] of RECORDS.entries())
      producer.produce(topic, 0, value === null ? null : Buffer.from(value), key, 1_000 + i, undefined, headers);
  await until("the reports", () => reports === RECORDS.length * TOPICS.length);
  await closeProducer(producer);
});
after(() => broker.stop());

describe("a batch of records with all that a record may hold", () => {
  test("is handed over as upstream does, record by record", async () => {
    const ours = await readAll(consumePacked);
    const upstreams = await readAll(consumeAsUpstream);
    assert.equal(ours.length, RECORDS.length * TOPICS.length);
    assert.deepEqual(ours, upstreams);
    const [, empty, nothing] = ours;
    assert.deepEqual([empty?.key?.length, empty?.value?.length], [0, 0]); // empty is not the same as none
    assert.deepEqual([nothing?.key, nothing?.value, nothing?.headers], [null, null, undefined]);
  });

  test("is no longer than was asked for, and nothing of it is left out", async () => {
    const batches: number[] = [];
    const records = await readAll(consumePacked, 7, (length) => batches.push(length));
    assert.ok(Math.max(...batches) <= 7);
    assert.deepEqual(records, await readAll(consumePacked, 1_000));
  });
});

describe("a consumer that was closed", () => {
  test("answers with an error, and does not crash", async () => {
    const client = await openConsumer();
    await new Promise<void>((resolve) => client.disconnect(resolve));
    const { messages, error } = await consume(client, 10, 0);
    assert.deepEqual(messages, []);
    assert.equal(error?.code, "ERR__STATE");
  });
});

type Read = (client: Consumer, count: number) => Promise<KafkaMessage[]>;

const consumePacked: Read = async (client, count) => {
  const { messages, error } = await consume(client, count, 50);
  if (error) throw error;
  return messages;
};

const consumeAsUpstream: Read = (client, count) => {
  // Upstream's own declarations, which ours leave out: what it answers is compared with what we read.
  const consumer = client as unknown as KafkaConsumer;
  consumer.setDefaultConsumeTimeout(50);
  return new Promise((resolve, reject) => {
    consumer.consume(count, (error: LibrdKafkaError | null, messages: Message[]) => {
      if (error) reject(new Error(error.message));
      else resolve(messages as unknown as KafkaMessage[]);
    });
  });
};

/** All records, by topic and offset, with what both ways of reading have in common. */
async function readAll(read: Read, count = 1_000, onBatch = (_: number) => {}): Promise<KafkaMessage[]> {
  const client = await openConsumer();
  client.assign(TOPICS.map((topic) => ({ topic, partition: 0, offset: 0 })));
  const records: KafkaMessage[] = [];
  await until("all records", async () => {
    const batch = await read(client, count);
    onBatch(batch.length);
    records.push(...batch);
    return records.length >= RECORDS.length * TOPICS.length;
  });
  await new Promise<void>((resolve) => client.disconnect(resolve));
  return records
    .toSorted((a, b) => a.topic.localeCompare(b.topic) || a.offset - b.offset)
    .map(({ topic, partition, offset, key, value, timestamp, headers }) => {
      return { topic, partition, offset, key, value, timestamp, ...(headers && { headers }) };
    });
}

async function openConsumer(): Promise<Consumer> {
  const settings = consumerSettings(baseProperties(broker.bootstrapServers), { groupId: newGroupId() });
  const client = newConsumer(settings);
  await connect(client, settings, {});
  return client;
}
