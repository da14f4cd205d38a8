import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Transaction } from "./connection.ts";
import { decodeHeaders, encodeHeaders } from "./headers.ts";
import { finishRounds, forgetUnreadRounds, readRounds, recordRound, startInstance, stopInstance } from "./instances.ts";
import {
  insertOutbox,
  moveHorizon,
  outboxCompleteSince,
  purgeOutbox,
  readOutboxAfter,
  type OutboxMessage,
} from "./outbox.ts";
import { outboxHorizon, sharedTables } from "./shared/migrations.ts";
import { openTemporaryStore, type TemporaryStore } from "./temporary-store.ts";

const { signal } = new AbortController();
let temporary: TemporaryStore;
const write = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => temporary.store.write(signal, work);
const after = (instanceId: string, seq: number, limit = 1000) =>
  temporary.store.read(signal, (db) => readOutboxAfter(db, instanceId, seq, limit));
const seqs = async (instanceId: string, seq: number) => (await after(instanceId, seq)).map((row) => row.seq);

const message = (id: string, more: Partial<OutboxMessage> = {}): OutboxMessage => ({
  messageId: id,
  topic: "t",
  key: Buffer.from("key"),
  value: Buffer.from(`value of ${id}`),
  traceparent: "00-1-2-01",
  headers: null,
  ...more,
});
const insert = (instanceId: string, ids: readonly string[], nowMs = 1) =>
  write((tx) =>
    insertOutbox(
      tx,
      instanceId,
      ids.map((id) => message(id)),
      nowMs,
    ),
  );

beforeEach(async () => {
  temporary = await openTemporaryStore([sharedTables, outboxHorizon]);
  await write((tx) => startInstance(tx, "a", 1));
  await write((tx) => startInstance(tx, "b", 1));
});
afterEach(() => temporary.remove());

describe("an outbox row", () => {
  test("comes back as it was: any bytes, empty, none, headers", async () => {
    const headers = [
      ["x", Buffer.from([0, 200])],
      ["x", null],
      ["ü", Buffer.from("")],
    ] as const;
    const messages = [
      message("1", { value: Buffer.from([0, 255, 10]), headers: encodeHeaders(headers) }),
      message("2", { key: null, value: null, traceparent: null }),
      message("3", { key: Buffer.from(""), value: Buffer.from("é") }),
    ];
    await write((tx) => insertOutbox(tx, "a", messages, 7));
    const rows = await after("a", 0);
    assert.deepEqual(
      rows,
      messages.map((row, index) => ({ seq: index + 1, instanceId: "a", createdAtMs: 7, ...row })),
    );
    assert.deepEqual(
      decodeHeaders(rows[0]?.headers ?? "").map(([name, value]) => [name, value && Buffer.from(value)]),
      headers,
    );
  });

  test("is numbered in the order of its message, after the seq that the insert gives", async () => {
    await insert("b", ["before"]);
    const ids = Array.from({ length: 300 }, (_, index) => `m${index}`);
    const first = await insert("a", ids);
    assert.equal(first, 2);
    assert.deepEqual(
      (await after("a", 0)).map((row) => [row.seq, row.messageId]),
      ids.map((id, index) => [first + index, id]),
    );
  });

  test("is refused under an id that tells another fact", async () => {
    await insert("a", ["1"]);
    await assert.rejects(insert("b", ["2", "1"]), { kind: "constraint", code: "SQLITE_CONSTRAINT_UNIQUE" });
    assert.deepEqual(await seqs("b", 0), []);
  });
});

describe("the relay's watermarks", () => {
  test("are each instance's own, and say where it goes on", async () => {
    await insert("a", ["1", "2"]);
    await insert("b", ["3"]);
    await insert("a", ["4"]);
    await write((tx) => recordRound(tx, { instanceId: "a", lastSeq: 2, ends: { t: { 0: 2 } } }));
    const start = await write((tx) => startInstance(tx, "a", 2));
    assert.deepEqual(start, { uncleanExit: true, publishedSeq: 2, readSeq: 0 });
    assert.deepEqual(await seqs("a", start.publishedSeq), [4]);
    assert.deepEqual(await seqs("b", 0), [3]);
  });

  test("never go back, when a round is reported again", async () => {
    for (const lastSeq of [2, 1]) {
      await write((tx) => recordRound(tx, { instanceId: "a", lastSeq, ends: { t: { 0: lastSeq } } }));
    }
    await write((tx) => recordRound(tx, { instanceId: "a", lastSeq: 2, ends: { t: { 0: 9 } } }));
    assert.equal((await write((tx) => startInstance(tx, "a", 2))).publishedSeq, 2);
    assert.deepEqual(await temporary.store.read(signal, (db) => readRounds(db, "a")), [
      { instanceId: "a", lastSeq: 1, ends: { t: { 0: 1 } } },
      { instanceId: "a", lastSeq: 2, ends: { t: { 0: 9 } } },
    ]);
  });

  test("fall back to what all have read when the broker lost its data, and no further", async () => {
    await insert("a", ["1", "2", "3"]);
    for (const lastSeq of [1, 2, 3]) {
      await write((tx) => recordRound(tx, { instanceId: "a", lastSeq, ends: { t: { 0: lastSeq } } }));
    }
    await write((tx) => finishRounds(tx, "a", 1));
    assert.equal(await write((tx) => forgetUnreadRounds(tx, "a")), 1);
    assert.deepEqual(await seqs("a", 1), [2, 3]);
    assert.deepEqual(await temporary.store.read(signal, (db) => readRounds(db, "a")), []);
  });
});

describe("a purge", () => {
  test("takes only rows that all have read and that are old, a part at a time", async () => {
    await insert("a", ["old, read 1", "old, read 2"], 10);
    await insert("b", ["old, unread"], 10);
    await insert("a", ["new, read"], 20);
    await write((tx) => recordRound(tx, { instanceId: "a", lastSeq: 4, ends: {} }));
    await write((tx) => finishRounds(tx, "a", 4));
    assert.equal(await write((tx) => purgeOutbox(tx, 20, 1)), 1);
    assert.equal(await write((tx) => purgeOutbox(tx, 20, 5)), 1);
    assert.deepEqual([await seqs("a", 0), await seqs("b", 0)], [[4], [3]]);
  });

  test("says from when on the outbox lacks nothing, and not before anything went", async () => {
    const since = () => temporary.store.read(signal, outboxCompleteSince);
    await insert("a", ["old"], 10);
    await write((tx) => purgeOutbox(tx, 20, 5));
    assert.equal(await since(), null, "it was not read by all, and stays");
    await write((tx) => recordRound(tx, { instanceId: "a", lastSeq: 1, ends: {} }));
    await write((tx) => finishRounds(tx, "a", 1));
    await write((tx) => purgeOutbox(tx, 20, 5));
    assert.equal(await since(), 20);
    await write((tx) => moveHorizon(tx, 15));
    assert.equal(await since(), 20, "it never goes back");
  });

  test("of all rows never lets a number be given again, since watermarks are past it", async () => {
    await insert("a", ["1", "2"], 1);
    await write((tx) => recordRound(tx, { instanceId: "a", lastSeq: 2, ends: {} }));
    await write((tx) => finishRounds(tx, "a", 2));
    await write((tx) => purgeOutbox(tx, 5, 10));
    assert.equal(await insert("a", ["3"]), 3);
  });
});

describe("an instance that starts", () => {
  test("learns of an unclean exit, and only of that", async () => {
    assert.equal((await write((tx) => startInstance(tx, "a", 2))).uncleanExit, true);
    await write((tx) => stopInstance(tx, "a", 3));
    assert.equal((await write((tx) => startInstance(tx, "a", 4))).uncleanExit, false);
    assert.equal((await write((tx) => startInstance(tx, "new", 4))).uncleanExit, false);
  });
});
