import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { sql } from "drizzle-orm";
import type { Transaction } from "./connection.ts";
import { insertDeadLetters, type DeadLetter } from "./dead-letters.ts";
import { decodeHeaders } from "./headers.ts";
import { compareAndSetOffsets, readOffsets, startOffsets, type OffsetMove } from "./offsets.ts";
import { deadLettersForOperators, operatorsTrail, sharedTables } from "./shared/migrations.ts";
import { deadLetters } from "./shared/schema.ts";
import { clearSuspect, markSuspect, unmarkSuspect } from "./suspects.ts";
import { openTemporaryStore, type TemporaryStore } from "./temporary-store.ts";

const { signal } = new AbortController();
let temporary: TemporaryStore;
const write = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => temporary.store.write(signal, work);

beforeEach(
  async () => void (temporary = await openTemporaryStore([sharedTables, operatorsTrail, deadLettersForOperators])),
);
afterEach(() => temporary.remove());

const start = (topic: string, partition: number, next: number, incarnation = "1") => ({
  topic,
  partition,
  incarnation,
  next,
});
const move = (topic: string, partition: number, from: number, next: number, incarnation = "1"): OffsetMove => {
  return { topic, partition, incarnation, from, next, lastRecordId: `${topic}@${next - 1}` };
};
const rows = async (groupId = "g") =>
  (await temporary.store.read(signal, (db) => readOffsets(db, groupId))).map((row) => {
    return [row.topic, row.partition, row.incarnation, row.next, row.lastRecordId];
  });

describe("a group's offsets", () => {
  beforeEach(() => write((tx) => startOffsets(tx, "g", [start("t", 0, 5), start("t", 1, 0), start("u", 0, 7)], 1)));

  test("move for all partitions of a batch, and say which", async () => {
    const moved = await write((tx) => compareAndSetOffsets(tx, "g", [move("t", 0, 5, 9), move("u", 0, 7, 8)], 2));
    assert.deepEqual(moved, [
      { topic: "t", partition: 0 },
      { topic: "u", partition: 0 },
    ]);
    assert.deepEqual(await rows(), [
      ["t", 0, "1", 9, "t@8"],
      ["t", 1, "1", 0, null],
      ["u", 0, "1", 8, "u@7"],
    ]);
  });

  test("are found by their key for each move, however many partitions the group has", async () => {
    temporary.takeStatements();
    await write((tx) => compareAndSetOffsets(tx, "g", [move("t", 0, 5, 9)], 2));
    const [statement = ""] = temporary.takeStatements();
    const explain = sql.raw(`EXPLAIN QUERY PLAN ${statement.replaceAll("?", "NULL")}`);
    const plan = await temporary.store.read(signal, (db) => db.all<{ detail: string }>(explain));
    const [outer, inner] = plan.map(({ detail }) => detail);
    assert.match(outer ?? "", /^SCAN move/);
    assert.equal(inner, "SEARCH offsets USING PRIMARY KEY (group_id=? AND topic=? AND partition=?)");
  });

  test("stay where another has moved them, or in another life of the topic, or of another group", async () => {
    const moves = [move("t", 0, 4, 9), move("t", 1, 0, 3, "2"), move("u", 0, 7, 8)];
    assert.deepEqual(await write((tx) => compareAndSetOffsets(tx, "g", moves, 2)), [{ topic: "u", partition: 0 }]);
    assert.deepEqual(await write((tx) => compareAndSetOffsets(tx, "h", [move("t", 0, 5, 9)], 2)), []);
    assert.deepEqual(await rows(), [
      ["t", 0, "1", 5, null],
      ["t", 1, "1", 0, null],
      ["u", 0, "1", 8, "u@7"],
    ]);
  });

  test("tell a COMMIT whose answer was lost: the same batch again moves nothing", async () => {
    const batch = [move("t", 0, 5, 9)];
    await write((tx) => compareAndSetOffsets(tx, "g", batch, 2));
    assert.deepEqual(await write((tx) => compareAndSetOffsets(tx, "g", batch, 2)), []);
  });

  test("start once in each life of a topic", async () => {
    await write((tx) => startOffsets(tx, "g", [start("t", 0, 0), start("t", 1, 2, "2"), start("v", 3, 4)], 2));
    assert.deepEqual(await rows(), [
      ["t", 0, "1", 5, null],
      ["t", 1, "2", 2, null],
      ["u", 0, "1", 7, null],
      ["v", 3, "1", 4, null],
    ]);
  });
});

describe("a dead letter", () => {
  const letter: DeadLetter = {
    groupId: "g",
    topic: "t",
    partition: 2,
    offset: 9_007_199_254_740_991,
    incarnation: "1",
    key: Buffer.from([255]),
    value: null,
    headers: [["traceparent", Buffer.from("00")]],
    timestampMs: 3,
    reason: "no-json",
    error: "unexpected token",
    attempts: 1,
    firstSeenAtMs: 4,
    programVersion: "0.1.0",
    traceparent: null,
  };

  test("is kept once with its original bytes, and as it was first", async () => {
    assert.equal(await write((tx) => insertDeadLetters(tx, [letter], 9)), 1);
    assert.equal(await write((tx) => insertDeadLetters(tx, [{ ...letter, error: "later" }], 10)), 0);
    const [row, ...more] = await temporary.store.read(signal, (db) => db.select().from(deadLetters));
    assert(row !== undefined && more.length === 0);
    assert.deepEqual(
      { ...row, headers: decodeHeaders(row.headers) },
      { id: 1, ...letter, state: "dead", deadAtMs: 9, closedAtMs: null },
    );
  });

  test("is another one in another group, offset or life of the topic", async () => {
    const others = [
      { ...letter, groupId: "h" },
      { ...letter, offset: 1 },
      { ...letter, incarnation: "2" },
    ];
    assert.equal(await write((tx) => insertDeadLetters(tx, [letter, ...others, letter], 9)), 4);
  });
});

describe("a record that may kill the process", () => {
  const record = { groupId: "g", topic: "t", partition: 0, offset: 4, incarnation: "1" };

  test("is counted at each try, since the first, until its effects are written", async () => {
    assert.deepEqual(await write((tx) => markSuspect(tx, record, 1)), { tries: 1, firstSeenAtMs: 1 });
    assert.deepEqual(await write((tx) => markSuspect(tx, record, 2)), { tries: 2, firstSeenAtMs: 1 });
    const other = { ...record, offset: 5 };
    assert.deepEqual(await write((tx) => markSuspect(tx, other, 2)), { tries: 1, firstSeenAtMs: 2 });
    await write((tx) => unmarkSuspect(tx, record));
    await write((tx) => unmarkSuspect(tx, other));
    assert.deepEqual(
      await write((tx) => markSuspect(tx, record, 4)),
      { tries: 2, firstSeenAtMs: 1 },
      "a try without a death",
    );
    assert.deepEqual(await write((tx) => markSuspect(tx, other, 4)), { tries: 1, firstSeenAtMs: 4 });
    await write((tx) => clearSuspect(tx, record));
    assert.deepEqual(await write((tx) => markSuspect(tx, record, 3)), { tries: 1, firstSeenAtMs: 3 });
  });
});
