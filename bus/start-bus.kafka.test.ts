// What only a broker that keeps its logs can show.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sql } from "drizzle-orm";
import { deadLetterTopic, topics } from "#contracts/topics.ts";
import { openTemporaryStore, type TemporaryStore } from "#db/temporary-store.ts";
import { apacheKafkaUnavailable } from "#kafka/apache-kafka/jars.ts";
import { startApacheKafka, type ApacheKafka } from "#kafka/apache-kafka/start.ts";
import { openProducer, type KafkaProducer } from "#kafka/producer.ts";
import { baseProperties, producerSettings } from "#kafka/settings.ts";
import { sendAll } from "#kafka/testing.ts";
import { ConsumeRefusedError } from "./consume/offset-judge.ts";
import { handledOrders, messageOf, onceEach, orderId, orderStart, range, readTopic } from "./testing.ts";
import { startTestBus, testMigrations, until } from "./testing.ts";

const unavailable = await apacheKafkaUnavailable();
const options = { timeout: 120_000, ...(unavailable ? { skip: unavailable } : {}) };
const title = (text: string) => (unavailable ? `${text} (skipped: ${unavailable})` : text);
const { signal } = new AbortController();

let kafka: ApacheKafka;
let producer: KafkaProducer;
let temporary: TemporaryStore;

before(async () => {
  if (unavailable) return;
  const origins = Object.values(topics);
  kafka = await startApacheKafka({ topics: [...origins, ...origins.map(deadLetterTopic)] });
  const client = baseProperties(kafka.bootstrapServers);
  producer = await openProducer(producerSettings(client, { lingerMs: 1, deliveryTimeoutMs: 20_000 }, { missing: {} }));
  temporary = await openTemporaryStore(testMigrations);
});
after(async () => {
  if (unavailable) return;
  await producer.close(0);
  await temporary.remove();
  await kafka.stop();
});

describe("a service on Apache Kafka", () => {
  test(
    title("handles and publishes each message once, sets junk aside, goes on after a restart"),
    options,
    async () => {
      const { store } = temporary;
      const first = await startTestBus(kafka, store);
      const junk = { topic: "order.start", key: "junk", value: "junk" };
      await sendAll(producer, [...range(0, 200).map((n) => messageOf(orderStart(n))), junk]);
      await until("200 handled", async () => (await handledOrders(store)).length === 200);
      const published = await readTopic(kafka, "stock.failed", 200);
      assert.deepEqual(published.map(({ key }) => String(key)).sort(), range(0, 200).map(orderId));
      assert.deepEqual(
        (await readTopic(kafka, "order.start.dlq", 1)).map(({ key }) => String(key)),
        ["junk"],
      );
      await first.stop();
      const second = await startTestBus(kafka, store);
      await sendAll(
        producer,
        range(200, 250).map((n) => messageOf(orderStart(n))),
      );
      await until("250 handled", async () => (await handledOrders(store)).length === 250);
      assert.deepEqual(await handledOrders(store), onceEach(range(0, 250)));
      assert.equal(second.metrics.republished, 0, "this broker forgets nothing");
      await second.stop();
    },
  );

  test(title("refuses a log that has another record where the last one was"), options, async () => {
    await temporary.store.write(signal, async (tx) => {
      await tx.run(sql`UPDATE offsets SET last_record_id = 'order.start/other' WHERE partition = 4 AND next > 0`);
    });
    const bus = await startTestBus(kafka, temporary.store);
    const outcome: unknown = await bus.consuming.then(
      () => undefined,
      (error: unknown) => error,
    );
    await bus.stop();
    assert(outcome instanceof ConsumeRefusedError, `not refused, but ${String(outcome)}`);
    assert.equal(outcome.disaster, "topic-new");
    assert.match(
      outcome.message,
      /order\.start\/4: the last record read was order\.start\/other, but at offset \d+ is /,
    );
  });
});
