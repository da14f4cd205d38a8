import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { groups } from "#contracts/topics.ts";
import { readOffsets } from "#db/offsets.ts";
import { instances, outbox, relayRounds } from "#db/shared/schema.ts";
import { StoreError } from "#db/errors.ts";
import type { Store } from "#db/open-store.ts";
import { openAdmin } from "#kafka/admin.ts";
import { baseProperties } from "#kafka/settings.ts";
import { openTestLoop, pollFor } from "#kafka/testing.ts";
import { encodeCommitMetadata } from "./consume/commit-metadata.ts";
import {
  createRig,
  createTestService,
  messageOf,
  onceEach,
  orderId,
  orderStart,
  range,
  readTopic,
  starts,
} from "./testing.ts";
import { testSettings, until, type Rig } from "./testing.ts";

const LIMIT = { timeout: 60_000 };
const { signal } = new AbortController();

let rig: Rig;
beforeEach(async () => void (rig = await createRig()));
afterEach(() => rig.end());

const keysOf = async (topic: string, count: number) =>
  (await readTopic(rig.broker, topic, count)).map(({ key }) => Buffer.from(key ?? []).toString()).sort();
const publishedSeqs = async () =>
  (await rig.store.read(signal, (db) => db.select().from(instances))).map((row) => [row.instanceId, row.publishedSeq]);

describe("a service on the bus", () => {
  test("handles each message once, and publishes what it causes with its trace", LIMIT, async () => {
    await rig.start();
    const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await rig.send(range(0, 300).map((n) => messageOf(orderStart(n), n === 7 ? trace : null)));
    await rig.untilHandled(300);
    assert.deepEqual(await rig.handled(), onceEach(range(0, 300)));
    const published = await readTopic(rig.broker, "stock.failed", 300);
    assert.deepEqual(published.map(({ key }) => String(key)).sort(), range(0, 300).map(orderId));
    const traced = published.filter(({ headers }) => headers?.some((header) => "traceparent" in header));
    assert.deepEqual(
      traced.map(({ key, headers }) => [String(key), String(headers?.[1]?.["traceparent"])]),
      [[orderId(7), trace]],
    );
  });

  test("tells the broker how far it read and from which store, and stops clean", LIMIT, async () => {
    const bus = await rig.start();
    await rig.send(starts(0, 50));
    await rig.untilHandled(50);
    await bus.stop();
    const admin = await openAdmin(baseProperties(rig.broker.bootstrapServers));
    const committed = await admin.committedOffsets(groups.stock, await admin.partitionsOf(["order.start"]));
    await admin.close();
    const rows = await rig.store.read(signal, (db) => readOffsets(db, groups.stock));
    const metadata = `store=${rig.store.id} incarnation=${rig.broker.incarnation}`;
    const sorted = (list: { partition: number; offset: number; metadata: unknown }[]) =>
      list.sort((a, b) => a.partition - b.partition);
    assert.deepEqual(
      sorted(committed.map((each) => ({ partition: each.partition, offset: each.offset, metadata: each.metadata }))),
      sorted(rows.map(({ partition, next }) => ({ partition, offset: next, metadata }))),
    );
    const [instance] = await rig.store.read(signal, (db) => db.select().from(instances));
    assert.deepEqual([instance?.running, instance?.publishedSeq, instance?.readSeq], [0, 50, 0]);
    const rounds = await rig.store.read(signal, (db) => db.select().from(relayRounds));
    assert(rounds.length > 0, "nobody has read the rows yet");
  });

  test("takes a message that comes again for a duplicate, and one with another body for an alarm", LIMIT, async () => {
    const [first, other] = [messageOf(orderStart(1)), messageOf(orderStart(1, 2))];
    await rig.send(range(0, 20).map((n) => (n % 2 === 0 ? first : other)));
    const bus = await rig.start();
    await until("all are seen", () => bus.metrics.consumed === 20);
    assert(bus.metrics.differentBodies > 0, "however they are cut into batches, two bodies meet in one");
    assert.equal(bus.metrics.outcomes.get("refused"), 1);
    assert.deepEqual(await keysOf("stock.failed", 1), [orderId(1)]);
  });

  test("writes from outside of batches are durable without a broker, and go out when it is there", LIMIT, async () => {
    await rig.broker.down();
    const bus = await rig.start();
    const event = { type: "order.start", orderId: orderId(1), atMs: 1, data: orderStart(1).data } as const;
    await bus.write(signal, () => Promise.resolve({ result: 1, outbox: [{ event, traceparent: null }] }));
    const rows = await rig.store.read(signal, (db) => db.select().from(outbox));
    assert.deepEqual(
      rows.map(({ messageId }) => messageId),
      [`order.start/${orderId(1)}`],
    );
    assert.equal(bus.outbox().rows, 1);
    await rig.broker.up();
    await rig.untilHandled(1);
    await until("the watermark", async () => (await publishedSeqs())[0]?.[1] === 2);
    assert.equal(bus.outbox().rows, 0);
  });
});

describe("a COMMIT whose answer was lost", () => {
  test("is resolved by the offsets: nothing is handled twice, and what it wrote is published", LIMIT, async () => {
    let lost = 0;
    const write: Store["write"] = async (at, work) => {
      const result = await rig.store.write(at, work);
      const hasOutbox =
        typeof result === "object" && result !== null && "outbox" in result && (result.outbox as unknown[]).length > 0;
      if (hasOutbox && lost++ < 2)
        throw new StoreError("COMMIT failed, its outcome is unknown", "commit-unknown", "TEST");
      return result;
    };
    const bus = await rig.start({ store: { ...rig.store, write } });
    await rig.send(starts(0, 100));
    await rig.untilHandled(100);
    assert.deepEqual(await keysOf("stock.failed", 100), range(0, 100).map(orderId));
    // A commit is needed to know that the lost one is settled.
    await rig.send(starts(100, 110));
    await rig.untilHandled(110);
    await until("all is published", async () => (await publishedSeqs())[0]?.[1] === 110);
    assert.deepEqual(await rig.handled(), onceEach(range(0, 110)));
    assert.equal(bus.metrics.commitsUnknown, 2);
  });
});

describe("a broker that forgot everything", () => {
  test("gets what was not read by all again, and what comes twice is published once", LIMIT, async () => {
    const bus = await rig.start();
    await rig.send(starts(0, 40));
    await rig.untilHandled(40);
    await until("all is published", async () => (await publishedSeqs())[0]?.[1] === 40);
    await rig.restartBroker();
    assert.deepEqual(await keysOf("stock.failed", 40), range(0, 40).map(orderId));
    assert.equal(bus.metrics.republished, 1);
    await rig.send(starts(30, 60));
    await rig.untilHandled(60);
    await until("all is published", async () => (await publishedSeqs())[0]?.[1] === 60);
    const times = new Map((await rig.handled()).map((row) => [row.id, row.times]));
    assert(
      range(30, 40).every((n) => (times.get(orderId(n)) ?? 0) >= 2),
      "duplicates are seen",
    );
    assert.deepEqual(await keysOf("stock.failed", 60), range(0, 60).map(orderId), "and publish nothing");
  });

  test(
    "and has more than before when its reader comes back: nothing is skipped, though some comes twice",
    LIMIT,
    async () => {
      await rig.start();
      await rig.send(starts(0, 40));
      await rig.untilHandled(40);
      await rig.restartBroker();
      // A member that was not told yet that it is none any more goes on where it was, in the new log. When it is told, it judges
      // anew and begins at the start: what it read meanwhile comes again.
      await rig.send(starts(40, 640));
      await rig.untilHandled(640);
      await until("all is published", async () => (await publishedSeqs())[0]?.[1] === 640);
      const rows = await rig.store.read(signal, (db) => db.select().from(outbox));
      assert.deepEqual(
        rows.map(({ messageId }) => messageId).sort(),
        range(0, 640).map((n) => `stock.failed/${orderId(n)}`),
      );
    },
  );
});

describe("rows that every reading group has committed past", () => {
  const instance = async () => (await rig.store.read(signal, (db) => db.select().from(instances)))[0];
  const readers = [groups.order, groups.view];

  test("are read by all, and are not published again when the broker forgets", LIMIT, async () => {
    const bus = await rig.start();
    await rig.send(starts(0, 30));
    await rig.untilHandled(30);
    await until("all is published", async () => (await publishedSeqs())[0]?.[1] === 30);
    await readAs(groups.order, 30);
    assert.equal((await instance())?.readSeq, 0, "one of two has read them");
    await readAs(groups.view, 30);
    await until("they are read by all", async () => (await instance())?.readSeq === 30);
    assert.deepEqual(await rig.store.read(signal, (db) => db.select().from(relayRounds)), []);

    await rig.restartBroker();
    await until("the relay has met the new broker", () => bus.metrics.republished === 1);
    await rig.send(starts(30, 40));
    await rig.untilHandled(40);
    assert.deepEqual(await keysOf("stock.failed", 10), range(30, 40).map(orderId), "only what was not read");
  });

  test("are not, when a reader committed so far in an earlier life of the broker only", LIMIT, async () => {
    await rig.start();
    await rig.send(starts(0, 30));
    await rig.untilHandled(30);
    await until("all is published", async () => (await publishedSeqs())[0]?.[1] === 30);
    for (const group of readers) await readAs(group, 30, "of an earlier life");
    const turns = Date.now() + 20 * testSettings.watchIntervalMs;
    await until("the watch had its turns", () => Date.now() > turns);
    assert.equal((await instance())?.readSeq, 0);
  });

  /** What a reading service does: consumes, and commits with its store and the broker's life. */
  async function readAs(groupId: string, count: number, incarnation = rig.broker.incarnation): Promise<void> {
    const loop = await openTestLoop(baseProperties(rig.broker.bootstrapServers), ["stock.failed"], { groupId });
    const messages = await pollFor(loop, count);
    const metadata = encodeCommitMetadata({ storeId: "reader", incarnation });
    loop.commit(messages.map(({ topic, partition, offset }) => ({ topic, partition, offset: offset + 1, metadata })));
    const partitions = messages.map(({ topic, partition }) => ({ topic, partition }));
    await until("committed", async () => (await loop.committed(partitions)).every((each) => each !== undefined));
    await loop.close();
  }
});

describe("a broker that is away for a while", () => {
  test("is waited for: nothing is lost, nothing set aside, and it goes on by itself", LIMIT, async () => {
    const bus = await rig.start();
    await rig.send(starts(0, 10));
    await rig.untilHandled(10);
    await rig.broker.down();
    const event = {
      type: "order.cancel",
      orderId: orderId(5),
      atMs: 1,
      data: { reason: "customer", refundedMinor: 0 },
    } as const;
    await bus.write(signal, () => Promise.resolve({ result: 1, outbox: [{ event, traceparent: null }] }));
    await until("the outbox grows old", () => bus.metrics.outboxAgeMs > 300);
    await rig.broker.up();
    assert.deepEqual(await keysOf("order.cancel", 1), [orderId(5)]);
    await rig.send(starts(10, 20));
    await rig.untilHandled(20);
    assert.deepEqual(await rig.handled(), onceEach(range(0, 20)));
    assert.equal(bus.metrics.deadLetters, 0);
    assert.equal(bus.refusal(), undefined);
  });
});

describe("two instances of one service on one store", () => {
  test("share the partitions, and each publishes what it wrote", LIMIT, async () => {
    const settings = { ...testSettings, takeoverAfterMs: 60_000 };
    const first = await rig.start({ settings });
    await rig.send(starts(0, 50));
    await rig.untilHandled(50);
    const second = await rig.start({ settings, instanceId: "stock-2" });
    await until("the second has partitions", () =>
      second.entries.some(({ message }) => message === "partitions assigned"),
    );
    await rig.send(starts(50, 400));
    await rig.untilHandled(400);
    assert.deepEqual(await rig.handled(), onceEach(range(0, 400)));
    assert(second.metrics.consumed > 0 && first.metrics.consumed > 50, "both have worked");
    assert.equal(first.metrics.consumed + second.metrics.consumed, 400);
    assert.deepEqual(await keysOf("stock.failed", 400), range(0, 400).map(orderId));
  });

  test("one publishes what the other left when it went silent", LIMIT, async () => {
    const silent = createTestService();
    await rig.broker.down();
    const first = await rig.start({ instanceId: "stock-2", handler: silent });
    const event = {
      type: "order.cancel",
      orderId: orderId(9),
      atMs: 1,
      data: { reason: "customer", refundedMinor: 0 },
    } as const;
    await first.write(signal, () => Promise.resolve({ result: 1, outbox: [{ event, traceparent: null }] }));
    await first.stop(0);
    await rig.broker.up();
    const bus = await rig.start();
    assert.deepEqual(await keysOf("order.cancel", 1), [orderId(9)]);
    await until("its watermark", async () =>
      (await publishedSeqs()).some(([id, seq]) => id === "stock-2" && seq === 1),
    );
    assert.equal(bus.metrics.takenOver, 1);
  });
});
