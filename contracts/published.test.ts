import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import * as z from "zod";
import { refusals, type Schema } from "./compatibility.ts";
import { eventData, eventTypes } from "./events.ts";
import { groups, topics } from "./topics.ts";

/**
 * The contracts as they were last given to others. A change that both sides bear is recorded with CONTRACTS_WRITE=1; one that
 * breaks is not made: it is a new version beside this one.
 */
const file = new URL("published.json", import.meta.url);

const today = {
  events: Object.fromEntries(eventTypes.map((type) => [type, schemaOf(eventData[type])])),
  partitions: Object.fromEntries(Object.values(topics).map(({ name, partitions }) => [name, partitions])),
  groups,
};
const published = JSON.parse(readFileSync(file, "utf8")) as typeof today;

function schemaOf(schema: z.ZodType): Schema {
  return z.toJSONSchema(schema, { io: "input" }) as Schema;
}

describe("the contracts, beside what was published", () => {
  test("have every event that was: one may still be in a topic", () => {
    assert.deepEqual(
      Object.keys(published.events).filter((type) => !(type in today.events)),
      [],
    );
  });

  for (const [type, before] of Object.entries(published.events)) {
    const now = today.events[type] ?? {};
    test(`${type}: today's reader takes what was written before, as it lies in topics and outboxes`, () => {
      assert.deepEqual(refusals(now, before), []);
    });
    test(`${type}: a reader of before takes what is written today, as both run during an upgrade`, () => {
      assert.deepEqual(refusals(before, now), []);
    });
  }

  test("keep the number of partitions, or messages of one order part, and the groups' ids, or all is read again", () => {
    for (const [name, partitions] of Object.entries(published.partitions)) {
      assert.equal(today.partitions[name], partitions, name);
    }
    assert.deepEqual({ ...today.groups, ...published.groups }, today.groups);
  });

  test("are recorded as they are: CONTRACTS_WRITE=1 records what both sides bear", () => {
    const breaks = Object.entries(published.events).flatMap(([type, before]) => {
      const now = today.events[type] ?? {};
      return [...refusals(now, before), ...refusals(before, now)];
    });
    if (process.env["CONTRACTS_WRITE"] === "1" && breaks.length === 0) {
      writeFileSync(file, `${JSON.stringify(today, null, 2)}\n`);
      return;
    }
    assert.deepEqual(JSON.parse(JSON.stringify(today)), published);
  });
});

describe("a change of a contract", () => {
  const before = z.object({ customerId: z.string().max(64), amount: z.int().min(0), cause: z.enum(["a", "b"]) });
  const judge = (after: z.ZodType) => ({
    backward: refusals(schemaOf(after), schemaOf(before)),
    forward: refusals(schemaOf(before), schemaOf(after)),
  });

  test("that adds an optional field breaks nobody", () => {
    assert.deepEqual(judge(before.extend({ note: z.string().optional() })), { backward: [], forward: [] });
  });

  const breaking = {
    "adds a required field": [before.extend({ note: z.string() }), { backward: 1, forward: 0 }],
    "takes a field out": [before.omit({ amount: true }), { backward: 0, forward: 1 }],
    "makes a field optional": [before.partial({ amount: true }), { backward: 0, forward: 1 }],
    "allows null": [before.extend({ amount: before.shape.amount.nullable() }), { backward: 0, forward: 1 }],
    "changes a type": [before.extend({ amount: z.string() }), { backward: 1, forward: 1 }],
    "adds a word": [before.extend({ cause: z.enum(["a", "b", "c"]) }), { backward: 0, forward: 1 }],
    "takes a word out": [before.extend({ cause: z.enum(["a"]) }), { backward: 1, forward: 0 }],
    "narrows a limit": [before.extend({ customerId: z.string().max(32) }), { backward: 1, forward: 0 }],
    "widens a limit": [before.extend({ customerId: z.string().max(128) }), { backward: 0, forward: 1 }],
    "asks for a pattern": [before.extend({ customerId: z.string().max(64).regex(/^c/) }), { backward: 1, forward: 0 }],
  } as const;
  for (const [name, [after, expected]] of Object.entries(breaking)) {
    test(`that ${name} is found`, () => {
      const { backward, forward } = judge(after);
      assert.equal(backward.length > 0, expected.backward > 0, backward.join("; "));
      assert.equal(forward.length > 0, expected.forward > 0, forward.join("; "));
    });
  }
});
