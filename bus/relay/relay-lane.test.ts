import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { startInstance } from "#db/instances.ts";
import { insertOutbox, type OutboxMessage } from "#db/outbox.ts";
import { openTemporaryStore, type TemporaryStore } from "#db/temporary-store.ts";
import { createRelayLane, nothingUnread, type RelayLane } from "./relay-lane.ts";
import { mergeEnds } from "./watermark.ts";
import { isRead } from "./read-by-all.ts";
import { range, testMigrations } from "../testing.ts";

const { signal } = new AbortController();
let temporary: TemporaryStore;
let lane: RelayLane;
beforeEach(async () => {
  temporary = await openTemporaryStore(testMigrations);
  await temporary.store.write(signal, (tx) => startInstance(tx, "i", 1));
  const { store } = temporary;
  lane = createRelayLane({
    store,
    instanceId: "i",
    unread: nothingUnread,
    bufferRows: 10,
    pageRows: 4,
    onChange: () => {},
  });
  lane.restart(0, nothingUnread);
});
afterEach(() => temporary.remove());

let ids = 0;
const messages = (count: number): OutboxMessage[] =>
  range(0, count).map(() => ({
    messageId: `m${++ids}`,
    topic: "t",
    key: null,
    value: null,
    traceparent: null,
    headers: null,
  }));

/** Commits rows; hands them over unless told otherwise. */
async function commit(count: number, hands = true): Promise<void> {
  const rows = messages(count);
  const firstSeq = await temporary.store.write(signal, (tx) => insertOutbox(tx, "i", rows, 1));
  if (hands) lane.hand(firstSeq, rows, 1);
}
async function fill(): Promise<void> {
  while (await lane.fill(signal));
}
const take = (max = 100) => lane.open(max)?.rows.map(({ seq }) => seq);

describe("a lane that is behind", () => {
  test("reads the outbox page by page, then takes what it is handed, each row once", async () => {
    await commit(6, false);
    await commit(2);
    assert.equal(lane.isBehind(), true);
    await fill();
    assert.equal(lane.isBehind(), false);
    await commit(2);
    assert.deepEqual(take(), range(1, 11));
    assert.equal(take(), undefined);
  });

  test("drops nothing that was committed while it read and is handed after", async () => {
    const rows = messages(2);
    const firstSeq = await temporary.store.write(signal, (tx) => insertOutbox(tx, "i", rows, 1));
    await fill();
    lane.hand(firstSeq, rows, 1);
    assert.deepEqual(take(), [1, 2], "once, though it was read and handed");
  });

  test("keeps no more in memory than it should, and reads the rest later", async () => {
    await fill();
    for (let batch = 0; batch < 4; batch++) await commit(4);
    assert.equal(lane.waitingRows(), 8);
    assert.equal(lane.pending().rows, 16, "all that waits is counted");
    assert.deepEqual(take(), range(1, 9));
    await fill();
    assert.deepEqual(take(), range(9, 17));
  });

  test("after a COMMIT with a lost answer it reads until a later one was answered", async () => {
    await fill();
    lane.reread();
    await fill();
    assert.equal(lane.isBehind(), true, "the lost one may still be under way");
    await commit(2, false);
    await commit(1);
    await fill();
    assert.deepEqual([take(), lane.isBehind()], [[1, 2, 3], false]);
  });
});

describe("a lane's watermark", () => {
  test("moves over rounds without a gap, whatever order their reports come in", async () => {
    await fill();
    await commit(6);
    const [first, second, third] = [lane.open(2), lane.open(2), lane.open(2)];
    assert(first && second && third);
    lane.close(second, { t: { 0: 7, 1: 3 } });
    assert.equal(lane.delivered(), undefined);
    lane.close(first, { t: { 0: 5 }, u: { 2: 9 } });
    assert.deepEqual(lane.delivered(), { lastSeq: 4, ends: { t: { 0: 7, 1: 3 }, u: { 2: 9 } } });
    const round = lane.delivered();
    lane.close(third, { t: { 0: 8 } });
    assert(round);
    lane.recorded(round);
    assert.deepEqual(lane.delivered()?.lastSeq, 6, "what came meanwhile is still to be recorded");
  });

  test("does not move by rounds from before a restart", async () => {
    await fill();
    await commit(4);
    const round = lane.open(4);
    assert(round);
    lane.restart(1, nothingUnread);
    lane.close(round, { t: { 0: 5 } });
    assert.equal(lane.delivered(), undefined);
    await fill();
    assert.deepEqual(take(), [2, 3, 4], "from the outbox again");
  });
});

describe("the ends of a round", () => {
  test("are read by all when every reader of every partition is past them", () => {
    const ends = { "payment.success": { 0: 5 }, "stock.failed": { 1: 2 }, "order.start.dlq": { 0: 9 } };
    const committed = (stockFailed: number) =>
      new Map([
        ["payment.success/0", 5],
        ["stock.failed/1", stockFailed],
      ]);
    assert.equal(isRead({ ends }, committed(2)), true, "nobody reads the dead letters' topic");
    assert.equal(isRead({ ends }, committed(1)), false);
  });

  test("are the later ones where rounds meet", () => {
    assert.deepEqual(mergeEnds({ t: { 0: 5, 1: 1 } }, { t: { 0: 4, 2: 6 }, u: { 0: 1 } }), {
      t: { 0: 5, 1: 1, 2: 6 },
      u: { 0: 1 },
    });
  });
});
