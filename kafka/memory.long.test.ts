import assert from "node:assert/strict";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { openAdmin } from "./admin.ts";
import { type EmbeddedBroker, startEmbeddedBroker } from "./embedded-broker/start.ts";
import { openProducer } from "./producer.ts";
import { baseProperties, producerSettings } from "./settings.ts";
import { closeTestLoops, garbageCollector, newGroupId, openTestLoop } from "./testing.ts";
import type { ClientProperties } from "./upstream.ts";

const GROUP = newGroupId();
const MESSAGES = 1_000_000;
const BATCH = 500;
const CLIENTS = 1_000;
/** A multiple of the three that come and go together. */
const COLLECTED_EVERY = 12;
const SAMPLES = 10;
/** Would be seen of a client. */
const LEAK_KB = 16;
/** Growth of memory from one sample to the next that may be chance: a leak of 10 bytes a message is 1 MB a sample. */
const HEAP_MB_A_SAMPLE = 0.4;
const RSS_MB_A_SAMPLE = 1.5;

let broker: EmbeddedBroker;
let client: ClientProperties;

before(async () => {
  broker = await startEmbeddedBroker({ topics: [{ name: "flow", partitions: 4, readers: [GROUP] }] });
  client = baseProperties(broker.bootstrapServers);
});
after(async () => {
  await closeTestLoops();
  await broker.stop();
});

const collectGarbage = garbageCollector();

async function memoryMb(): Promise<{ heap: number; rss: number }> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await nextTurn(); // finalizers run between turns
    await sleep(20);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: (heapUsed + external) / 1e6, rss: rss / 1e6 };
}

/** Runs `work` between samples, and judges the growth over the second half: the first warms up caches and pools. */
async function assertFlat(work: () => Promise<void>): Promise<void> {
  const samples: { heap: number; rss: number }[] = [];
  for (let i = 0; i <= SAMPLES; i++) {
    await work();
    samples.push(await memoryMb());
  }
  const half = samples.slice(SAMPLES / 2);
  // A leak shows in the second half and over all samples. Warming up shows in the latter only, a breath of the allocator
  // (some 10 MB up and down) in the former only.
  const growth = (of: "heap" | "rss") =>
    Math.min(slope(half.map((sample) => sample[of])), slope(samples.map((sample) => sample[of])));
  const heap = growth("heap");
  const rss = growth("rss");
  const shown = samples.map((sample) => `${sample.heap.toFixed(1)}/${sample.rss.toFixed(0)}`).join(" ");
  console.log(`heap/rss in MB: ${shown}; a sample: ${heap.toFixed(2)}/${rss.toFixed(2)}`);
  assert.ok(heap < HEAP_MB_A_SAMPLE, `the heap grows: ${shown}`);
  assert.ok(rss < RSS_MB_A_SAMPLE, `the process grows: ${shown}`);
}

/** Least squares, in units a step. */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const over = values.reduce((sum, value, i) => sum + (i - middle) * (value - mean), 0);
  return over / values.reduce((sum, _, i) => sum + (i - middle) ** 2, 0);
}

describe("a client that runs for long", () => {
  test(`keeps its memory over ${MESSAGES.toLocaleString("en")} messages produced, consumed and committed`, async () => {
    const settings = producerSettings(client, { lingerMs: 0.5, deliveryTimeoutMs: 60_000 }, { missing: {} });
    const producer = await openProducer(settings);
    const loop = await openTestLoop(client, ["flow"], { groupId: GROUP });
    const headers = { "content-type": "application/cloudevents+json", traceparent: "00-1-2-01" };
    const value = Buffer.alloc(200, "x");
    let consumed = 0;
    let sent = 0;
    await assertFlat(async () => {
      for (const target = sent + MESSAGES / (SAMPLES + 1); sent < target;) {
        const batch = Array.from({ length: BATCH }, (_, i) => ({ topic: "flow", key: `${sent + i}`, value, headers }));
        sent += batch.length;
        const { failed } = await producer.send(batch);
        assert.deepEqual(failed, []);
        while (consumed < sent) consumed += (await loop.poll(BATCH, 100)).length;
        loop.commit(loop.assigned().flatMap(({ next, ...p }) => (next === undefined ? [] : [{ ...p, offset: next }])));
      }
    });
    assert.ok(sent >= MESSAGES);
    assert.equal(consumed, sent);
    await loop.close();
    await producer.close();
  });

  test(`keeps its memory over ${CLIENTS.toLocaleString("en")} clients that connect and close, garbage collected meanwhile`, async () => {
    const settings = producerSettings(client, { lingerMs: 0, deliveryTimeoutMs: 10_000 }, { missing: {} });
    let opened = 0;
    await assertFlat(async () => {
      for (const target = opened + CLIENTS / (SAMPLES + 1); opened < target; opened += 3) {
        const isInTheMiddle = opened % COLLECTED_EVERY === 0;
        const clients = await Promise.all([
          openProducer(settings),
          openAdmin(client),
          openTestLoop(client, ["flow"], { groupId: newGroupId() }),
        ]);
        // Nothing that a live client needs may go, nor what one needs that is closing.
        if (isInTheMiddle) collectGarbage();
        const closing = [clients[0].close(), clients[1].close(), closeTestLoops()];
        if (isInTheMiddle) collectGarbage();
        await Promise.all(closing);
      }
    });
    assert.ok(opened >= CLIENTS);
  });
});

describe("a leak", () => {
  test(`of ${LEAK_KB} KB a client would be seen`, async () => {
    const leaked: Buffer[] = [];
    const leak = async () => void leaked.push(Buffer.alloc((LEAK_KB * 1_000 * CLIENTS) / SAMPLES, "x"));
    await assert.rejects(assertFlat(leak), /grows/);
    assert.equal(leaked.length, SAMPLES + 1);
  });
});
