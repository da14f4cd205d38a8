import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { topics } from "#contracts/topics.ts";
import { placesToBegin, type WhereToBeginOptions } from "./where-to-begin.ts";

const nowMs = 1_800_000_000_000;
const { retentionMs } = topics["stock.success"];
const knownSinceMs = nowMs - retentionMs;

/** Stock, whose step is `order.start`; at the moment from which on its own topics tell, that log is at 40. */
const options = (isBlind: boolean): WhereToBeginOptions & { asked: number[] } => {
  const asked: number[] = [];
  return {
    asked,
    handler: { service: "stock", reads: ["order.start", "payment.success"] },
    recovery: { steps: ["order.start"] },
    isBlind,
    broker: {
      offsetsAt(partitions, timeMs) {
        asked.push(timeMs);
        return Promise.resolve(partitions.map(({ topic, partition }) => ({ topic, partition, offset: 40 })));
      },
    },
  };
};

const range = (topic: string, start: number, end: number) => ({ topic, partition: 3, start, end });
const logs = (ownStart: number) => [
  range("order.start", 10, 100),
  range("payment.success", 5, 50),
  range("stock.success", ownStart, 90),
];
const places = async (
  ownStart: number,
  { isBlind = true, row, readUntilMs }: { isBlind?: boolean; row?: number; readUntilMs?: number } = {},
) => {
  const rows = row === undefined ? [] : [{ topic: "order.start", partition: 3, next: row }];
  const begins = await placesToBegin(options(isBlind), logs(ownStart), rows, readUntilMs, nowMs);
  return begins.map(({ topic, next, records, skipped }) => [topic, next, records, skipped]);
};

const wholeLogs = [
  ["order.start", 10, 90, 0],
  ["payment.success", 5, 45, 0],
];
const withoutOldSteps = [
  ["order.start", 40, 60, 30],
  ["payment.success", 5, 45, 0],
];

describe("a group that is recovered", () => {
  test("reads each log from its start, where its own topics still have all that it published", async () => {
    assert.deepEqual(await places(0), wholeLogs);
  });

  test("leaves out steps that it had decided, where retention deleted what it had published of them", async () => {
    assert.deepEqual(await places(7), withoutOldSteps);
    const asked = options(true);
    await placesToBegin(asked, logs(7), [], undefined, nowMs);
    assert.deepEqual(asked.asked, [knownSinceMs]);
  });

  test("leaves them out too where its old copy ends before that time", async () => {
    assert.deepEqual(await places(7, { row: 20, readUntilMs: knownSinceMs - 1 }), withoutOldSteps);
  });

  test("reads from the start where its copy has read into the time that its topics tell of", async () => {
    assert.deepEqual(await places(7, { row: 20, readUntilMs: knownSinceMs }), wholeLogs);
  });

  test("reads a partition from the start that its copy had read beyond that time", async () => {
    assert.deepEqual(await places(7, { row: 40, readUntilMs: knownSinceMs - 1 }), wholeLogs);
  });

  test("reads all from the start where its store knows what it published: only messages were lost", async () => {
    assert.deepEqual(await places(7, { isBlind: false }), wholeLogs);
  });
});
