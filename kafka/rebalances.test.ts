import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { type EmbeddedBroker, startEmbeddedBroker } from "./embedded-broker/start.ts";
import { openProducer } from "./producer.ts";
import { baseProperties, producerSettings } from "./settings.ts";
import { closeTestLoops, message, newGroupId, openTestLoop, pollFor, sendAll, textOf, until } from "./testing.ts";

const topics = [{ name: "kept", partitions: 3, readers: [] }];
const brokers: EmbeddedBroker[] = [];

async function start(port = 0): Promise<EmbeddedBroker> {
  const broker = await startEmbeddedBroker({ topics, port });
  brokers.push(broker);
  return broker;
}

after(async () => {
  await closeTestLoops();
  await Promise.all(brokers.map((broker) => broker.kill9()));
});

describe("partitions that were paused when the group took them", () => {
  test("are read when they come back", { timeout: 60_000 }, async () => {
    let broker = await start();
    const client = baseProperties(broker.bootstrapServers);
    let lost = 0;
    const loop = await openTestLoop(
      client,
      ["kept"],
      { groupId: newGroupId(), sessionTimeoutMs: 2_000 },
      { onLost: (partitions) => Promise.resolve(void (lost += partitions.length)) },
    );
    const poll = async () => loop.poll(10, 50).catch(() => []);
    await until("assigned", async () => (await poll(), loop.assigned().length === 3));
    loop.pause(loop.assigned());
    await broker.kill9();
    broker = await start(broker.port);
    await until("lost", async () => (await poll(), lost === 3));
    await until("assigned again", async () => (await poll(), loop.assigned().length === 3));
    assert.deepEqual(
      loop.assigned().map(({ paused }) => paused),
      [false, false, false],
    );
    const producer = await openProducer(
      producerSettings(client, { lingerMs: 0, deliveryTimeoutMs: 20_000 }, { missing: {} }),
    );
    await sendAll(
      producer,
      [0, 1, 2].map((p) => message("kept", p, `${p}`)),
    );
    await producer.close();
    assert.deepEqual((await pollFor(loop, 3)).map(textOf).sort(), ["0", "1", "2"]);
  });
});
