import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeCommitMetadata } from "./commit-metadata.ts";
import { PERSISTENT } from "./incarnation.ts";
import { ConsumeRefusedError, judgeOffset, type PartitionFacts } from "./offset-judge.ts";

const ours = encodeCommitMetadata({ storeId: "us", incarnation: "now" });
const theirs = encodeCommitMetadata({ storeId: "them", incarnation: "now" });
const row = { incarnation: "now", next: 10, lastRecordId: "id9" };
const calm: PartitionFacts = {
  topic: "t",
  partition: 2,
  row,
  commit: { offset: 10, metadata: ours },
  start: 0,
  end: 20,
  lastRecordId: "id9",
};
const judge = (change: Partial<PartitionFacts>) => judgeOffset({ ...calm, ...change }, "us", "now");

describe("a start offset is taken", () => {
  const cases: [why: string, change: Partial<PartitionFacts>, verdict: unknown][] = [
    ["from the row", {}, { kind: "go-on", next: 10 }],
    ["from the row, before the first commit", { commit: undefined }, { kind: "go-on", next: 10 }],
    ["from the row, when the commit lags", { commit: { offset: 3, metadata: ours } }, { kind: "go-on", next: 10 }],
    ["from the row, when a tool set the group there", { commit: { offset: 10 } }, { kind: "go-on", next: 10 }],
    ["from the row at the log's end", { row: { ...row, next: 20 }, commit: undefined }, { kind: "go-on", next: 20 }],
    [
      "from the row, when retention took what was read",
      { start: 10, lastRecordId: undefined },
      { kind: "go-on", next: 10 },
    ],
    [
      "from the log's start, never its end, for a group that is new",
      { row: undefined, commit: undefined, start: 0 },
      { kind: "begin", next: 0 },
    ],
    [
      "from the log's start in a new life of the broker",
      { row: { ...row, incarnation: "before" }, commit: undefined, end: 3 },
      { kind: "begin", next: 0 },
    ],
  ];
  for (const [why, change, verdict] of cases) test(why, () => assert.deepEqual(judge(change), verdict));
});

describe("a commit of an earlier life of the broker, made by a member that had not noticed its end", () => {
  const late = { offset: 15, metadata: encodeCommitMetadata({ storeId: "us", incarnation: "before" }) };
  test("says nothing about a row of this life", () => {
    assert.deepEqual(judge({ commit: late }), { kind: "go-on", next: 10 });
  });
  test("does not make a store of that life an old copy", () => {
    const change = { row: { ...row, incarnation: "before" }, commit: late, end: 3 };
    assert.deepEqual(judge(change), { kind: "begin", next: 0 });
  });
});

describe("a group that is new on a broker that keeps its logs", () => {
  test("begins where retention has left the log's start", () => {
    const facts = { ...calm, row: undefined, commit: undefined, start: 4 };
    assert.deepEqual(judgeOffset(facts, "us", PERSISTENT), { kind: "begin", next: 4 });
  });
});

describe("consuming is refused", () => {
  const cases: [why: string, change: Partial<PartitionFacts>, disaster: string, says: RegExp][] = [
    [
      "our own commit and no row",
      { row: undefined, commit: { offset: 10, metadata: ours } },
      "store-lost",
      /committed 10/,
    ],
    [
      "another store's commit and no row",
      { row: undefined, commit: { offset: 10, metadata: theirs } },
      "store-lost",
      /store them.*this one is us/,
    ],
    [
      "another store's commit",
      { commit: { offset: 5, metadata: theirs } },
      "store-foreign",
      /store them.*this one is us/,
    ],
    [
      "the row before the commit",
      { commit: { offset: 11, metadata: ours } },
      "store-old-copy",
      /up to 10.*committed 11/,
    ],
    [
      "the group set to the end by a tool",
      { commit: { offset: 20, metadata: null } },
      "offsets-reset",
      /a tool has set the group to 20, while the store has read up to 10/,
    ],
    [
      "the group set to zero by a tool",
      { commit: { offset: 0, metadata: "" } },
      "offsets-reset",
      /a tool has set the group to 0, while the store has read up to 10/,
    ],
    [
      "the group set by a tool, and no row",
      { row: undefined, commit: { offset: 7 } },
      "offsets-reset",
      /a tool has set the group to 7, while the store never read it/,
    ],
    [
      "a row of an earlier life, and a commit in this",
      { row: { ...row, incarnation: "before" } },
      "store-old-copy",
      /earlier life/,
    ],
    [
      "the row before the log's start",
      { start: 13, lastRecordId: undefined },
      "unread-messages-gone",
      /deleted 3 unread/,
    ],
    [
      "records that the embedded broker dropped unread",
      { row: undefined, commit: undefined, start: 4 },
      "unread-messages-gone",
      /dropped 4 records/,
    ],
    ["the row past the log's end", { end: 9, lastRecordId: undefined }, "topic-new", /up to 10.*ends at 9/],
    ["another record where the last one was", { lastRecordId: "other" }, "topic-new", /id9.*offset 9 is other/],
  ];
  for (const [why, change, disaster, says] of cases) {
    test(why, () => {
      const verdict = judge(change);
      assert(verdict.kind === "refuse", `not refused: ${JSON.stringify(verdict)}`);
      assert.equal(verdict.disaster, disaster);
      assert.match(verdict.what, says);
      assert.match(verdict.what, /^t\/2: /);
      const error = new ConsumeRefusedError(verdict.disaster, "stock", "g", [verdict.what]);
      assert.match(error.message, /^stock does not consume, since .*Group g: t\/2: .*orderwright recover stock/);
    });
  }
});
