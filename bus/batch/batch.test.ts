import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { groups } from "#contracts/topics.ts";
import { startInstance } from "#db/instances.ts";
import { readOffsets, startOffsets } from "#db/offsets.ts";
import { deadLetters, instances, outbox, relayRounds } from "#db/shared/schema.ts";
import { openTemporaryStore, type TemporaryStore } from "#db/temporary-store.ts";
import type { KafkaMessage } from "#kafka/upstream.ts";
import { PartitionsTakenError, writeBatch, type Item } from "./batch.ts";
import { noFaults } from "../fault-hook.ts";
import { createOutboxWriter } from "../relay/outbox-writer.ts";
import type { Position } from "../consume/positions.ts";
import { createRelayLane, nothingUnread, type RelayLane } from "../relay/relay-lane.ts";
import {
  createTestService,
  handledOrders,
  messageOf,
  onceEach,
  orderStart,
  range,
  testMigrations,
} from "../testing.ts";

const { signal } = new AbortController();
const { stock: groupId } = groups;
const partitions = 3;

let temporary: TemporaryStore;
let lane: RelayLane;
beforeEach(async () => {
  temporary = await openTemporaryStore(testMigrations);
  await temporary.store.write(signal, async (tx) => {
    await startInstance(tx, "i", 1);
    await startOffsets(
      tx,
      groupId,
      positions().map((position) => ({ ...position })),
      1,
    );
  });
  const { store } = temporary;
  lane = createRelayLane({
    store,
    instanceId: "i",
    unread: nothingUnread,
    bufferRows: 10_000,
    pageRows: 10_000,
    onChange: () => {},
  });
  lane.restart(0, nothingUnread);
  await lane.fill(signal);
});
afterEach(() => temporary.remove());

const positions = (): Position[] =>
  range(0, partitions).map((partition) => ({
    topic: "order.start",
    partition,
    incarnation: "1",
    next: 0,
    committed: 0,
  }));

/** Records of these orders over three partitions; an order of -1 is junk. */
function itemsOf(at: readonly Position[], orders: readonly number[]): Item<"order.start">[] {
  const next = at.map((position) => position.next);
  return orders.map((n, index) => {
    const position = at[index % partitions] as Position;
    const { key, value } = n < 0 ? { key: Buffer.from("k"), value: Buffer.from("junk") } : messageOf(orderStart(n));
    const offset = next[position.partition] ?? 0;
    next[position.partition] = offset + 1;
    const record = {
      topic: "order.start",
      partition: position.partition,
      offset,
      key,
      value,
      timestamp: 5,
    } as KafkaMessage;
    return { record, position, firstSeenAtMs: 7 };
  });
}

const context = () => ({
  handler: createTestService(),
  write: createOutboxWriter({
    store: temporary.store,
    instanceId: "i",
    lane,
    faultHook: noFaults,
    onCommitUnknown: () => {},
  }),
  signal,
});
const read = async () => ({
  offsets: (await temporary.store.read(signal, (db) => readOffsets(db, groupId))).map(({ next, lastRecordId }) => [
    next,
    lastRecordId,
  ]),
  outbox: (await temporary.store.read(signal, (db) => db.select().from(outbox))).map(({ messageId }) => messageId),
  dead: (await temporary.store.read(signal, (db) => db.select().from(deadLetters))).map(({ partition, offset }) => [
    partition,
    offset,
  ]),
});

describe("a batch", () => {
  test("is one transaction of as many statements for 1 record as for 50 or 500", async () => {
    const at = positions();
    let order = 0;
    const counts: string[][] = [];
    for (const size of [1, 50, 500]) {
      const items = itemsOf(at, [...range(order, order + size), -1]);
      order += size;
      temporary.takeStatements();
      await writeBatch(context(), items);
      counts.push(temporary.takeStatements().map((text) => text.trim().split(/\s+/).slice(0, 3).join(" ")));
      const round = lane.open(10_000);
      assert(round);
      lane.close(round, { "stock.failed": { 0: order } });
    }
    const batch = ["UPDATE offsets SET", "INSERT INTO handled", "INSERT INTO dead_letters", "INSERT INTO outbox"];
    const watermark = ["UPDATE instances SET", 'insert into "relay_rounds"'];
    // The first has no delivered round to record.
    assert.deepEqual(counts, [batch, [...batch, ...watermark], [...batch, ...watermark]]);
  });

  test("writes effects, outbox, dead letters and offsets together, and hands its rows to the relay", async () => {
    const at = positions();
    await writeBatch(context(), itemsOf(at, [0, 1, -1, 3]));
    const { offsets, outbox: messages, dead } = await read();
    assert.deepEqual(await handledOrders(temporary.store), onceEach([0, 1, 3]));
    assert.equal(messages.length, 4, "three refusals and a copy of the dead letter");
    assert.deepEqual(dead, [[2, 0]]);
    assert.deepEqual(
      offsets.map(([next]) => next),
      [2, 1, 1],
    );
    assert.match(String(offsets[0]?.[1]), /^order\.start\//);
    assert.match(String(offsets[2]?.[1]), /^sha256:/, "junk is known again by its bytes");
    assert.deepEqual(
      at.map(({ next }) => next),
      [2, 1, 1],
    );
    assert.deepEqual(
      lane.open(10)?.rows.map(({ messageId }) => messageId),
      messages,
    );
  });

  test("writes nothing when one of its partitions was moved by another, and names it", async () => {
    const at = positions();
    const stale = itemsOf(at, [0, 1, 2]);
    await writeBatch(context(), itemsOf(positions(), [0]));
    const before = await read();
    await assert.rejects(writeBatch(context(), stale), (error: unknown) => {
      assert(error instanceof PartitionsTakenError);
      assert.deepEqual(error.partitions, [{ topic: "order.start", partition: 0 }]);
      return true;
    });
    assert.deepEqual(await read(), before);
    assert.deepEqual(
      at.map(({ next }) => next),
      [0, 0, 0],
    );
  });

  test("tells who listens once it is durable, and not at all when it is rolled back", async () => {
    const seen: unknown[] = [];
    const handler = createTestService();
    const { write, signal: at } = context();
    const told = {
      ...handler,
      handle: async (...[tx, messages, nowMs]: Parameters<typeof handler.handle>) => ({
        ...(await handler.handle(tx, messages, nowMs)),
        onCommitted: () => void seen.push(lane.pending().rows),
      }),
    };
    await writeBatch({ handler: told, write, signal: at }, itemsOf(positions(), [0, 1]));
    assert.deepEqual(seen, [2], "the relay has its rows by then");
    await assert.rejects(writeBatch({ handler: told, write, signal: at }, itemsOf(positions(), [2])));
    assert.equal(seen.length, 1);
  });

  test("keeps a dead letter and its copy once, when an operator has the log read again", async () => {
    await writeBatch(context(), itemsOf(positions(), [-1, 1]));
    const before = await read();
    await temporary.store.write(signal, async (tx) => {
      await tx.run("UPDATE offsets SET next = 0");
    });
    await writeBatch(context(), itemsOf(positions(), [-1, 1, 2]));
    const { dead, outbox: messages } = await read();
    assert.deepEqual(dead, before.dead);
    assert.deepEqual(messages.slice(0, 2), before.outbox);
    assert.equal(messages.length, 3, "one more: the third order's");
  });

  test("moves the relay's watermark on its way", async () => {
    const at = positions();
    await writeBatch(context(), itemsOf(at, [0, 1]));
    const round = lane.open(10);
    assert(round);
    lane.close(round, { "stock.failed": { 4: 2 } });
    await writeBatch(context(), itemsOf(at, [2]));
    const [instance] = await temporary.store.read(signal, (db) => db.select().from(instances));
    assert.deepEqual([instance?.publishedSeq, instance?.readSeq], [2, 0]);
    const rounds = await temporary.store.read(signal, (db) => db.select().from(relayRounds));
    assert.deepEqual(rounds, [{ instanceId: "i", lastSeq: 2, ends: { "stock.failed": { 4: 2 } } }]);
    assert.equal(lane.delivered(), undefined, "it is not recorded twice");
  });
});
