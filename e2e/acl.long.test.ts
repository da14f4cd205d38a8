import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { readKillAt } from "#workers/kill-at.ts";
import { readSecretFiles } from "#workers/secret-files.ts";
import { workerSettings } from "#workers/worker-settings.ts";
import { deadLetterTopic, groups, type Service, services, topics } from "#contracts/topics.ts";
import { openAdmin } from "#kafka/admin.ts";
import { KafkaError } from "#kafka/errors.ts";
import { openProducer } from "#kafka/producer.ts";
import { readRecords } from "#kafka/record-reader.ts";
import { baseProperties, consumerSettings, producerSettings } from "#kafka/settings.ts";
import { closeTestLoops, openTestLoop, testUnless, until } from "#kafka/testing.ts";
import type { ClientProperties } from "#kafka/upstream.ts";
import { type AclBroker, aclBrokerUnavailable, startAclBroker } from "./acl-broker.ts";
import { describeSaga } from "./saga-suite.ts";

const unavailable = await aclBrokerUnavailable();
const limit = { timeout: 120_000 };
const readers: Readonly<Record<Service, string>> = {
  intake: groups.view,
  stock: groups.stock,
  order: groups.order,
  payment: groups.payment,
};
const origins = Object.values(topics);
const names = [...origins, ...origins.map(deadLetterTopic)].map(({ name }) => name).toSorted();
const features = { missing: {} };

// The work that each must be able to do: all of it.
await describeSaga({ runtime: "Bun", broker: "Apache Kafka with TLS, SCRAM and ACLs" });

describe("the ACLs that come from the contracts, on Apache Kafka", () => {
  let broker: AclBroker;
  before(async () => {
    if (unavailable !== null) return;
    broker = await startAclBroker();
    const producer = await openProducer(producerSettings(baseProperties(broker.bootstrapServers), sending, features));
    const { failed } = await producer.send(names.map((topic) => ({ topic, partition: 0, key: "k", value: "v" })));
    assert.deepEqual(failed, []);
    await producer.close();
  });
  after(async () => {
    await closeTestLoops();
    await broker?.stop();
  });
  const sending = { lingerMs: 0, deliveryTimeoutMs: 10_000 };

  function clientOf(service: Service): ClientProperties {
    const { environment } = readSecretFiles(broker.loginOf(service));
    return workerSettings(service, environment, features, readKillAt).worker.client;
  }

  for (const service of services) {
    testUnless(
      unavailable,
      `${service} may write its events and its readers' dead letters, and no other topic`,
      async () => {
        const producer = await openProducer(producerSettings(clientOf(service), sending, features));
        const { failed } = await producer.send(names.map((topic) => ({ topic, partition: 0, key: "k", value: "v" })));
        await producer.close();
        failed.forEach(({ error }) => assert.match(error.code, /AUTHORIZATION_FAILED/, error.message));
        const refused = new Set(failed.map(({ index }) => names[index]));
        const own = origins.flatMap((topic) => [
          ...(topic.writers.includes(service) ? [topic.name] : []),
          ...(topic.readers.includes(readers[service]) ? [deadLetterTopic(topic).name] : []),
        ]);
        assert.deepEqual(
          names.filter((name) => !refused.has(name)),
          own.toSorted(),
        );
      },
      limit,
    );

    testUnless(
      unavailable,
      `${service} may read the events of its group, and no other topic`,
      async () => {
        const settings = consumerSettings(clientOf(service), { groupId: readers[service] });
        const mayRead = async (topic: string) => {
          try {
            const [record] = await readRecords(settings, [{ topic, partition: 0, offset: 0 }]);
            return record !== undefined;
          } catch (error) {
            assert.ok(error instanceof KafkaError);
            assert.match(error.code, /AUTHORIZATION_FAILED|UNKNOWN/, error.message);
            return false;
          }
        };
        const may = await Promise.all(names.map(mayRead));
        const own = origins.filter((topic) => topic.readers.includes(readers[service])).map(({ name }) => name);
        assert.deepEqual(
          names.filter((_, index) => may[index]),
          own.toSorted(),
        );
      },
      limit,
    );

    testUnless(
      unavailable,
      `${service} may not join another service's group, nor make a topic`,
      async () => {
        const client = clientOf(service);
        const [own = ""] = origins.filter((topic) => topic.readers.includes(readers[service])).map(({ name }) => name);
        const [other = ""] = Object.values(groups).filter((group) => group !== readers[service]);
        const loop = await openTestLoop(client, [own], { groupId: other });
        let refusal: KafkaError | undefined;
        await until("the refusal", () =>
          loop.poll(1, 100).then(
            () => false,
            (error: KafkaError) => Boolean((refusal = error)),
          ),
        );
        assert.match(refusal?.code ?? "", /GROUP_AUTHORIZATION_FAILED/);
        const admin = await openAdmin(client);
        await assert.rejects(
          admin.ensureTopics([{ name: `${service}.own`, partitions: 1, readers: [], retentionMs: -1 }]),
          /AUTHORIZATION_FAILED|not authorized|Authorization failed/i,
        );
        await admin.close();
      },
      limit,
    );
  }
});
