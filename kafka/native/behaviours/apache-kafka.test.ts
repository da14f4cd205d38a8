// What only a real broker can show: logging in, administration, transactions, large messages. One broker for all of it.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { apacheKafkaUnavailable } from "../../apache-kafka/jars.ts";
import { type ApacheKafka, startApacheKafka } from "../../apache-kafka/start.ts";
import { clientFeatures } from "../../build/features.mjs";
import { testUnless } from "../../testing.ts";
import { startLosingProxy } from "./losing-proxy.ts";
import {
  type ClientError,
  close,
  CODES,
  type Consumer,
  consumeFor,
  done,
  newAdmin,
  newProducer,
  openConsumer,
  openProducer,
  type Producer,
  until,
} from "./clients.ts";

const TIMEOUT_MS = 20_000;
const BATCH = 100;
const MIB = 2 ** 20;
const LARGE = 16 * MIB;
const unavailable = await apacheKafkaUnavailable();
const withoutTls = unavailable ?? clientFeatures().missing["tls"];
const withoutScram = unavailable ?? clientFeatures().missing["scram"];

let kafka: ApacheKafka;
before(async () => {
  if (unavailable) return;
  const topics = ["in", "out", "logins", "retried", "idempotent"].map((name) => ({
    name,
    partitions: 1,
    retentionMs: -1,
  }));
  kafka = await startApacheKafka({ topics });
});
after(async () => {
  if (!unavailable) await kafka.stop();
});

const hasCode = (name: string) => (error: ClientError) => error.code === CODES[name];

/** Produces one message and waits for its report: the connection is let in. */
async function produceOne(bootstrapServers: string, properties: Record<string, unknown>): Promise<void> {
  const producer = await openProducer(bootstrapServers, properties);
  let failure: ClientError | null | undefined;
  producer.on("delivery-report", (error: ClientError | null) => (failure = error));
  producer.produce("logins", 0, Buffer.from("x"));
  await until(() => failure !== undefined);
  await close(producer);
  assert.equal(failure, null);
}

/** What the client logs until connecting has failed, as its callback says. */
async function refusal(bootstrapServers: string, properties: Record<string, unknown>): Promise<string> {
  const producer = newProducer(bootstrapServers, properties);
  const lines: string[] = [];
  producer.on("event.log", ({ message }: { message: string }) => lines.push(message));
  await assert.rejects(
    done((callback) => producer.connect({ timeout: 1_500 }, callback)),
    ({ code }: ClientError) => code === CODES["ERR__TRANSPORT"] || code === CODES["ERR__TIMED_OUT"],
  );
  return lines.join("\n");
}

describe("logging in", () => {
  const login = (mechanism: string, more: object) => ({
    "security.protocol": "sasl_plaintext",
    "sasl.mechanisms": mechanism,
    ...more,
  });
  const password = () => ({ "sasl.username": kafka.user.name, "sasl.password": kafka.user.password });

  testUnless(unavailable, "by SASL PLAIN works", async () => {
    await produceOne(kafka.saslBootstrapServers, login("PLAIN", password()));
  });

  testUnless(withoutScram, "by SASL SCRAM-SHA-256 works", async () => {
    await produceOne(kafka.saslBootstrapServers, login("SCRAM-SHA-256", password()));
  });

  testUnless(unavailable, "with a wrong password fails when the timeout is over; only the log says why", async () => {
    const wrong = { ...password(), "sasl.password": "wrong" };
    assert.match(await refusal(kafka.saslBootstrapServers, login("PLAIN", wrong)), /Authentication failed/);
  });

  testUnless(
    withoutScram,
    "by SASL OAUTHBEARER works, with a token that the callback hands over or promises",
    async () => {
      const nowS = Math.floor(Date.now() / 1000);
      const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
      const claims = { sub: "orderwright", iat: nowS - 5, exp: nowS + 3_600 };
      const tokenValue = `${encode({ alg: "none" })}.${encode(claims)}.`;
      const token = { tokenValue, lifetime: (nowS + 3_600) * 1_000, principal: "orderwright" };
      for (const oauthbearer_token_refresh_cb of [
        (_: string, give: (error: null, token: object) => void) => give(null, token),
        () => Promise.resolve(token),
      ]) {
        await produceOne(kafka.saslBootstrapServers, login("OAUTHBEARER", { oauthbearer_token_refresh_cb }));
      }
    },
  );

  testUnless(withoutScram, "an error of OAUTHBEARER's callback is an error event that names the callback", async () => {
    const fail = (_: string, give: (error: Error) => void) => give(new Error("no token today"));
    const producer = newProducer(
      kafka.saslBootstrapServers,
      login("OAUTHBEARER", { oauthbearer_token_refresh_cb: fail }),
    );
    const message = new Promise<string>((resolve) => producer.on("error", (error: Error) => resolve(error.message)));
    const connected = new Promise((resolve) => producer.connect({ timeout: 500 }, resolve));
    assert.equal(await message, "oauthbearer_token_refresh_cb: no token today");
    await connected; // in vain
  });

  testUnless(withoutTls, "by TLS works", async () => {
    const { tls } = kafka;
    assert.ok(tls, "there is no openssl command here to make certificates with");
    await produceOne(tls.bootstrapServers, { "security.protocol": "ssl", "ssl.ca.location": tls.caFile });
  });

  testUnless(withoutTls, "by mutual TLS works with a certificate, and is refused without one", async () => {
    const { tls } = kafka;
    assert.ok(tls, "there is no openssl command here to make certificates with");
    const anonymous = { "security.protocol": "ssl", "ssl.ca.location": tls.caFile };
    const own = { "ssl.certificate.location": tls.clientCertificateFile, "ssl.key.location": tls.clientKeyFile };
    await produceOne(tls.mutualBootstrapServers, { ...anonymous, ...own });
    assert.match(await refusal(tls.mutualBootstrapServers, anonymous), /certificate required|bad certificate/i);
  });
});

describe("administration", () => {
  testUnless(unavailable, "creates, grows, lists and deletes topics, and says what is wrong by its code", async () => {
    const admin = newAdmin(kafka.bootstrapServers);
    const topic = { topic: "made", num_partitions: 1, replication_factor: 1 };
    await done((callback) => admin.createTopic(topic, TIMEOUT_MS, callback));
    const again = done((callback) => admin.createTopic(topic, TIMEOUT_MS, callback));
    await assert.rejects(again, hasCode("ERR_TOPIC_ALREADY_EXISTS"));
    await done((callback) => admin.createPartitions("made", 3, TIMEOUT_MS, callback));
    const listed = await done<string[]>((callback) => admin.listTopics({ timeout: TIMEOUT_MS }, callback));
    assert.ok(listed.includes("made"));
    await done((callback) => admin.deleteTopic("made", TIMEOUT_MS, callback));
    const gone = done((callback) => admin.deleteTopic("never was", TIMEOUT_MS, callback));
    await assert.rejects(gone, ({ code }: ClientError) => code > 0);
    admin.disconnect();
  });

  testUnless(unavailable, "lists, describes and deletes groups; deletes records and lists offsets", async () => {
    const admin = newAdmin(kafka.bootstrapServers);
    const producer = await openProducer(kafka.bootstrapServers);
    for (let i = 0; i < 3; i++) producer.produce("logins", 0, Buffer.from("x"));
    await close(producer);
    const consumer = await openConsumer(kafka.bootstrapServers, "described");
    consumer.subscribe(["logins"]);
    await consumeFor(consumer, 3);
    const options = { timeout: TIMEOUT_MS };
    const { groups } = await done<{ groups: readonly { groupId: string }[] }>((callback) =>
      admin.listGroups(options, callback),
    );
    assert.ok(groups.some(({ groupId }) => groupId === "described"));
    const described = await done<{ groups: readonly { members: readonly object[] }[] }>((callback) =>
      admin.describeGroups(["described"], options, callback),
    );
    assert.equal(described.groups[0]?.members.length, 1);
    await close(consumer);
    await done((callback) => admin.deleteGroups(["described"], options, callback));
    const place = { topic: "logins", partition: 0 };
    await done((callback) => admin.deleteRecords([{ ...place, offset: 2 }], options, callback));
    const [earliest] = await done<readonly { offset: number }[]>((callback) =>
      admin.listOffsets([{ ...place, offset: { timestamp: -2 } }], options, callback),
    );
    assert.equal(earliest?.offset, 2);
    admin.disconnect();
  });
});

describe("transactions", () => {
  const inTransaction = async (id: string): Promise<Producer> => {
    const producer = await openProducer(kafka.bootstrapServers, { "transactional.id": id });
    await done((callback) => producer.initTransactions(TIMEOUT_MS, callback));
    await done((callback) => producer.beginTransaction(callback));
    return producer;
  };
  const committedOffset = async (consumer: Consumer, topic: string): Promise<number | undefined> => {
    const places = [{ topic, partition: 0 }];
    const [place] = await done<{ offset?: number }[]>((callback) => consumer.committed(places, TIMEOUT_MS, callback));
    return place?.offset;
  };

  testUnless(
    unavailable,
    "commit messages and a group's offsets together; an aborted one is read by nobody",
    async () => {
      const consumer = await openConsumer(kafka.bootstrapServers, "transactions");
      consumer.subscribe(["in"]);
      const producer = await inTransaction("both");
      producer.produce("out", 0, Buffer.from("aborted"));
      const offsets = [{ topic: "in", partition: 0, offset: 7 }];
      await done((callback) => producer.sendOffsetsToTransaction(offsets, consumer, TIMEOUT_MS, callback));
      await done((callback) => producer.abortTransaction(TIMEOUT_MS, callback));
      assert.equal(await committedOffset(consumer, "in"), undefined);

      await done((callback) => producer.beginTransaction(callback));
      producer.produce("out", 0, Buffer.from("committed"));
      await done((callback) => producer.sendOffsetsToTransaction(offsets, consumer, TIMEOUT_MS, callback));
      await done((callback) => producer.commitTransaction(TIMEOUT_MS, callback));
      assert.equal(await committedOffset(consumer, "in"), 7);
      await close(producer);
      await close(consumer);

      const reader = await openConsumer(kafka.bootstrapServers, "readers");
      reader.assign([{ topic: "out", partition: 0, offset: 0 }]);
      assert.deepEqual(
        (await consumeFor(reader, 1)).map(({ value }) => String(value)),
        ["committed"],
      );
      await close(reader);
    },
  );

  testUnless(unavailable, "of a zombie are fenced, fatally, once another has its id", async () => {
    const zombie = await inTransaction("fenced");
    zombie.produce("out", 0, Buffer.from("of a zombie"));
    const next = await inTransaction("fenced");
    const commit = done((callback) => zombie.commitTransaction(TIMEOUT_MS, callback));
    await assert.rejects(commit, (error: ClientError) => hasCode("ERR__FENCED")(error) && error.isFatal === true);
    await done((callback) => next.commitTransaction(TIMEOUT_MS, callback));
    await close(zombie);
    await close(next);
  });
});

describe("a batch whose answer was lost", () => {
  /** How often each message of one batch is in the log, after the broker has taken it and its answer was lost. */
  async function copies(topic: string, properties: Record<string, unknown>): Promise<ReadonlySet<number>> {
    const proxy = await startLosingProxy(kafka.bootstrapServers);
    // Sent when it is full, not before: so it is one batch.
    const oneBatch = { acks: "all", "linger.ms": 60_000, "batch.num.messages": BATCH };
    const producer = await openProducer(proxy.bootstrapServers, { ...oneBatch, ...properties });
    const reports: unknown[] = [];
    producer.on("delivery-report", (error: unknown) => reports.push(error));
    for (let i = 0; i < BATCH; i++) producer.produce(topic, 0, Buffer.from(`${i}`));
    await until(() => reports.length === BATCH);
    await close(producer);
    proxy.close();
    assert.equal(proxy.lost(), 1);
    assert.deepEqual(new Set(reports), new Set([null])); // all say: sent, as if once

    const admin = newAdmin(kafka.bootstrapServers);
    const end = [{ topic, partition: 0, offset: { timestamp: -1 } }];
    const [last] = await done<readonly { offset: number }[]>((callback) =>
      admin.listOffsets(end, { timeout: TIMEOUT_MS }, callback),
    );
    admin.disconnect();
    const reader = await openConsumer(kafka.bootstrapServers, `readers-of-${topic}`);
    reader.assign([{ topic, partition: 0, offset: 0 }]);
    const counts = Array.from({ length: BATCH }, () => 0);
    for (const { value } of await consumeFor(reader, last?.offset ?? 0)) counts[Number(value)]! += 1;
    await close(reader);
    return new Set(counts);
  }

  testUnless(
    unavailable,
    "is sent again and stands in the log twice, each message of it, without idempotence",
    async () => {
      assert.deepEqual(await copies("retried", { "enable.idempotence": false }), new Set([2]));
    },
  );

  testUnless(unavailable, "stands there once with idempotence: the broker knows it by its sequence", async () => {
    assert.deepEqual(await copies("idempotent", { "enable.idempotence": true }), new Set([1]));
  });
});

describe("a message of many megabytes", () => {
  testUnless(unavailable, "arrives whole, where topic, producer and consumer allow it", async () => {
    const admin = newAdmin(kafka.bootstrapServers);
    const config = { "max.message.bytes": String(LARGE) };
    const topic = { topic: "large", num_partitions: 1, replication_factor: 1, config };
    await done((callback) => admin.createTopic(topic, TIMEOUT_MS, callback));
    admin.disconnect();
    const producer = await openProducer(kafka.bootstrapServers, { "message.max.bytes": LARGE });
    const value = Buffer.alloc(12 * MIB, "0123456789abcdef-");
    producer.produce("large", 0, value, "key");
    const consumer = await openConsumer(kafka.bootstrapServers, "large", { "fetch.message.max.bytes": LARGE });
    consumer.assign([{ topic: "large", partition: 0, offset: 0 }]);
    const [message] = await consumeFor(consumer, 1);
    assert.equal(message?.size, value.length);
    assert.ok(value.equals(message.value ?? Buffer.alloc(0)));
    await close(producer);
    await close(consumer);
  });
});
