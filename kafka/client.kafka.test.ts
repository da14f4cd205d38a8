// What only a real broker can show. One broker for all of it, since it takes seconds to start.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { openAdmin } from "./admin.ts";
import { clientFeatures } from "./build/features.mjs";
import { apacheKafkaUnavailable } from "./apache-kafka/jars.ts";
import { type ApacheKafka, startApacheKafka } from "./apache-kafka/start.ts";
import { KafkaError } from "./errors.ts";
import { OutOfRangeError } from "./out-of-range.ts";
import { openProducer } from "./producer.ts";
import { readRecords } from "./record-reader.ts";
import { baseProperties, clientSettings, consumerSettings, type Environment, producerSettings } from "./settings.ts";
import {
  closeTestLoops,
  message,
  newGroupId,
  openTestLoop,
  pollFor,
  sendAll,
  testUnless,
  textOf,
  until,
} from "./testing.ts";
import { openMember, stopMember } from "./testing-member.ts";
import type { ClientProperties, TopicPartition } from "./upstream.ts";

const unavailable = await apacheKafkaUnavailable();
const withoutTls = unavailable ?? clientFeatures().missing["tls"];
const withoutScram = unavailable ?? clientFeatures().missing["scram"];
const WHOLE = { missing: {} };
const QUICK = { connectTimeoutMs: 4_000 };

let kafka: ApacheKafka;
let client: ClientProperties;

before(async () => {
  if (unavailable) return;
  kafka = await startApacheKafka({ topics: [{ name: "small", partitions: 4, retentionMs: -1 }] });
  client = baseProperties(kafka.bootstrapServers);
});
after(async () => {
  await closeTestLoops();
  if (!unavailable) await kafka.stop();
});

async function create(name: string, partitions: number): Promise<void> {
  const admin = await openAdmin(client);
  await admin.ensureTopics([{ name, partitions, readers: [], retentionMs: -1 }]);
  await admin.close();
}

async function withProducer<T>(run: (producer: Awaited<ReturnType<typeof openProducer>>) => Promise<T>): Promise<T> {
  const producer = await openProducer(producerSettings(client, { lingerMs: 1, deliveryTimeoutMs: 20_000 }, WHOLE));
  try {
    return await run(producer);
  } finally {
    await producer.close();
  }
}

async function refusal(environment: Environment): Promise<KafkaError> {
  try {
    const producer = await openProducer(clientSettings(environment, WHOLE), QUICK);
    await producer.close();
  } catch (error) {
    if (error instanceof KafkaError) return error;
    throw error;
  }
  throw new Error("it connected");
}

describe("a broker with SASL and TLS", () => {
  const sasl = (password: string, mechanism = "PLAIN"): Environment => ({
    KAFKA_BROKERS: kafka.saslBootstrapServers,
    KAFKA_SECURITY_PROTOCOL: "SASL_PLAINTEXT",
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: kafka.user.name,
    KAFKA_SASL_PASSWORD: password,
  });

  for (const mechanism of ["PLAIN", "SCRAM-SHA-256"]) {
    const reason = mechanism === "PLAIN" ? unavailable : withoutScram;
    testUnless(
      reason,
      `takes the right password over ${mechanism}, and says at once that a wrong one is wrong`,
      async () => {
        const admin = await openAdmin(clientSettings(sasl(kafka.user.password, mechanism), WHOLE));
        assert.equal((await admin.partitionsOf(["small"])).length, 4);
        await admin.close();
        const error = await refusal(sasl("not-the-password", mechanism));
        assert.equal(error.kind, "fatal");
        assert.match(error.message, /wrong user name or password/);
        assert.doesNotMatch(error.message, /not-the-password/);
      },
    );
  }

  testUnless(unavailable, "refuses a mechanism that it does not have, by name", async () => {
    const error = await refusal(sasl(kafka.user.password, "SCRAM-SHA-512"));
    assert.match(error.message, /does not offer this SASL mechanism|wrong user name or password/);
  });

  testUnless(unavailable, "is told from one without SASL", async () => {
    const error = await refusal({ ...sasl("x"), KAFKA_BROKERS: kafka.bootstrapServers });
    assert.match(error.message, /this listener does no SASL/);
  });

  testUnless(withoutTls, "is known by its authority's certificate, and refused without it", async () => {
    const { tls } = kafka;
    if (!tls) return;
    const environment = { KAFKA_BROKERS: tls.bootstrapServers, KAFKA_SECURITY_PROTOCOL: "SSL" };
    const admin = await openAdmin(clientSettings({ ...environment, KAFKA_TLS_CA_FILE: tls.caFile }, WHOLE));
    await admin.close();
    const error = await refusal(environment);
    assert.equal(error.kind, "fatal");
    assert.match(error.message, /not signed by a known authority.*KAFKA_TLS_CA_FILE/);
  });

  testUnless(withoutTls, "says what is wrong when TLS meets a plaintext port, and the other way round", async () => {
    const tlsToPlain = await refusal({ KAFKA_BROKERS: kafka.bootstrapServers, KAFKA_SECURITY_PROTOCOL: "SSL" });
    assert.match(tlsToPlain.message, /does not speak TLS/);
    if (!kafka.tls) return;
    const plainToTls = await refusal({ KAFKA_BROKERS: kafka.tls.bootstrapServers });
    assert.match(plainToTls.message, /does it want TLS or SASL/);
  });
});

describe("an Apache Kafka broker", () => {
  testUnless(unavailable, "creates topics once, and names what is different in those that are there", async () => {
    const admin = await openAdmin(client);
    const spec = { name: "made", partitions: 3, readers: [], retentionMs: 60_000 };
    assert.deepEqual((await admin.ensureTopics([spec])).created, ["made"]);
    const again = await admin.ensureTopics([{ ...spec, partitions: 6 }]);
    assert.deepEqual(again.created, []);
    assert.deepEqual(again.differences, ["topic made has 3 partitions instead of 6"]);
    await admin.close();
  });

  testUnless(unavailable, "creates a topic once for two who ask at the same time", async () => {
    const admins = await Promise.all([openAdmin(client), openAdmin(client)]);
    const spec = { name: "raced", partitions: 1, readers: [], retentionMs: -1 };
    await Promise.all(admins.map((admin) => admin.ensureTopics([spec])));
    await Promise.all(admins.map((admin) => admin.close()));
  });

  testUnless(unavailable, "does not create a topic because somebody sends to it or asks for it", async () => {
    const { failed } = await withProducer((producer) => producer.send([message("misspelt", 0, "x")]));
    assert.deepEqual(
      failed.map(({ error }) => error.kind),
      ["message"],
    );
    await assert.rejects(openTestLoop(client, ["misspelt"], { groupId: newGroupId() }), /no such topic: misspelt/);
  });

  testUnless(unavailable, "keeps a commit's metadata for whoever asks", async () => {
    await withProducer((producer) => sendAll(producer, [message("small", 0, "a"), message("small", 0, "b")]));
    const groupId = newGroupId();
    const loop = await openTestLoop(client, ["small"], { groupId });
    await pollFor(loop, 2);
    loop.commit([{ topic: "small", partition: 0, offset: 1, metadata: "store 1é" }]);
    const admin = await openAdmin(client);
    const partitions = [{ topic: "small", partition: 0 }];
    await until("the commit", async () => (await admin.committedOffsets(groupId, partitions)).length > 0);
    const [lag] = await admin.lag(groupId, ["small"]);
    assert.deepEqual([lag?.committed, lag?.metadata, lag?.end, lag?.lag], [1, "store 1é", 2, 1]);
    await loop.close();
    await admin.close();
  });

  testUnless(unavailable, "gives single records back", async () => {
    const settings = consumerSettings(client, { groupId: newGroupId() });
    const records = await readRecords(settings, [{ topic: "small", partition: 0, offset: 1 }]);
    assert.deepEqual(
      records.map((record) => record && textOf(record)),
      ["b"],
    );
  });

  testUnless(unavailable, "makes an offset beyond its log an error that names both", async () => {
    const loop = await openTestLoop(
      client,
      ["small"],
      { groupId: newGroupId() },
      {
        onAssign: (partitions) =>
          Promise.resolve(partitions.map((p) => ({ ...p, offset: p.partition === 0 ? 50 : 0 }))),
      },
    );
    const error = await pollFor(loop, 1).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof OutOfRangeError, String(error));
    assert.deepEqual(error.partitions, [{ topic: "small", partition: 0, next: 50, start: 0, end: 2 }]);
    await loop.close();
  });
});

describe("two members of a group on Apache Kafka", () => {
  testUnless(
    unavailable,
    "share its partitions, only those that move are revoked, and each message is read once",
    async () => {
      await create("shared", 4);
      const groupId = newGroupId();
      const sent: string[] = [];
      const send = (count: number) =>
        withProducer((producer) => {
          const values = Array.from({ length: count }, (_, i) => `${sent.length + i}`);
          sent.push(...values);
          return sendAll(
            producer,
            values.map((value, i) => message("shared", i % 4, value)),
          );
        });
      await send(200);
      const first = await openMember(client, "shared", groupId);
      await until("all read by the first", () => first.read.length === 200);
      const second = await openMember(client, "shared", groupId);
      await until("two and two", () => first.loop.assigned().length === 2 && second.loop.assigned().length === 2);
      assert.deepEqual(
        first.revoked.map((partitions) => partitions.length),
        [2],
      );
      await send(200);
      await until("all read by both", () => first.read.length + second.read.length >= 400);
      await stopMember(second);
      await until("all back at the first", () => first.loop.assigned().length === 4);
      await send(200);
      await until("all read", () => first.read.length + second.read.length >= 600);
      await stopMember(first);
      assert.deepEqual([...first.read, ...second.read].sort(), sent.sort());
      assert.deepEqual([first.lost, second.lost], [[], []]);
    },
  );

  testUnless(unavailable, "tell lost partitions from revoked ones: who does not poll in time loses them", async () => {
    await create("lost", 4);
    const group = { groupId: newGroupId(), maxPollIntervalMs: 6_000 };
    const lost: TopicPartition[] = [];
    const revoked: TopicPartition[] = [];
    let overdue = false;
    const slow = await openTestLoop(client, ["lost"], group, {
      onPollOverdue: () => (overdue = true),
      onLost: (partitions) => Promise.resolve(void lost.push(...partitions)),
      onRevoke: (partitions) => Promise.resolve(void revoked.push(...partitions)),
    });
    await until("its partitions", async () => (await slow.poll(1, 50), slow.assigned().length === 4));
    const other = await openTestLoop(client, ["lost"], { ...group, maxPollIntervalMs: 300_000 });
    await until("the other has all", async () => (await other.poll(1, 50), other.assigned().length === 4));
    assert.ok(overdue);
    // The two that the other's coming had asked back already may come as revoked: their commit is refused, no more.
    await until("told", async () => {
      await slow
        .poll(1, 50)
        .catch((error: unknown) => assert.ok(error instanceof KafkaError && error.kind === "retriable"));
      return lost.length + revoked.length === 4;
    });
    assert.ok(lost.length >= 2);
    await slow.close();
    await other.close();
  });
});
