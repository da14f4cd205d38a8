import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startEmbeddedBroker } from "./embedded-broker/start.ts";
import { partitionOf } from "./partition-of.ts";
import { openProducer } from "./producer.ts";
import { baseProperties, producerSettings } from "./settings.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("the partition of a key", () => {
  test("is the Java clients': hashes from their own tests (UtilsTest.testMurmur2)", () => {
    const hashes: Readonly<Record<string, number>> = {
      "21": -973_932_308,
      foobar: -790_332_482,
      "a-little-bit-long-string": -985_981_536,
      "a-little-bit-longer-string": -1_486_304_829,
      lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58_897_971,
      abc: 479_470_107,
    };
    for (const [key, hash] of Object.entries(hashes)) {
      for (const partitions of [1, 12, 2 ** 31 - 1]) {
        assert.equal(partitionOf(bytes(key), partitions), (hash & 0x7fff_ffff) % partitions, key);
      }
    }
  });

  test("is where our producer sends it", { timeout: 60_000 }, async () => {
    const broker = await startEmbeddedBroker({ topics: [{ name: "keys", partitions: 12, readers: [] }] });
    const settings = producerSettings(
      baseProperties(broker.bootstrapServers),
      { lingerMs: 0, deliveryTimeoutMs: 20_000 },
      { missing: {} },
    );
    const producer = await openProducer(settings);
    try {
      for (let n = 0; n < 20; n++) {
        const key = `0189${n}000-0000-7000-8000-00000000000${n % 10}`;
        const { ends } = await producer.send([{ topic: "keys", key, value: "x" }]);
        assert.deepEqual(
          ends.map(({ partition }) => partition),
          [partitionOf(bytes(key), 12)],
        );
      }
    } finally {
      await producer.close();
      await broker.stop();
    }
  });
});
