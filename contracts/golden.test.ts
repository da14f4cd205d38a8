import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { decode, encode } from "./envelope.ts";
import { type EventType, eventTypes, messageId } from "./events.ts";

/**
 * Files are `<type>.v<version>[.<case>].json`. They are records that may lie in topics, outboxes and dead letters: add
 * files for new versions, never change or remove one.
 */
const folder = new URL("./golden/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
const typeOf = (file: string) => file.slice(0, file.search(/\.v\d/)) as EventType;
const utf8 = new TextEncoder();

describe("a word for a reason", () => {
  const golden = readFileSync(new URL("stock.rollback.v1.json", folder), "utf8");
  // Words may be added here, never removed: they are in topics and rows.
  const words = [
    "stock-short",
    "unknown-product",
    "balance-short",
    "unknown-customer",
    "currency-mismatch",
    "total-over-limit",
    "customer",
    "deadline",
    "discarded",
  ];
  for (const word of words) {
    test(`${word} is read, as it may still be in a topic`, () => {
      const text = golden.replace('"balance-short"', `"${word}"`);
      const decoded = decode("stock.rollback", utf8.encode(JSON.parse(text).subject), utf8.encode(text));
      assert.ok(decoded.ok, decoded.ok ? "" : decoded.detail);
      assert.deepEqual(decoded.event.data, { reason: word });
    });
  }
});

describe("a golden example", () => {
  test("is there for every event", () => {
    assert.deepEqual([...new Set(files.map(typeOf))].sort(), [...eventTypes].sort());
    for (const cause of ["customer", "deadline"]) assert.ok(files.includes(`payment.void.v1.${cause}.json`));
  });

  for (const file of files) {
    const text = readFileSync(new URL(file, folder), "utf8");
    const golden: { id: string; subject: string; time: string; data: unknown } = JSON.parse(text);

    test(`${file} is read, as it may still be in a topic`, () => {
      const decoded = decode(typeOf(file), utf8.encode(golden.subject), utf8.encode(text));
      assert.ok(decoded.ok, decoded.ok ? "" : decoded.detail);
      assert.equal(decoded.id, golden.id);
      assert.equal(messageId(decoded.event), golden.id);
      assert.equal(decoded.event.orderId, golden.subject);
      assert.equal(new Date(decoded.event.atMs).toISOString(), golden.time);
      assert.deepEqual(decoded.event.data, golden.data);
    });

    if (!file.includes(".v1.")) continue;
    test(`${file} is what is written today, field by field`, () => {
      const decoded = decode(typeOf(file), utf8.encode(golden.subject), utf8.encode(text));
      assert.ok(decoded.ok);
      const { value } = encode(decoded.event, decoded.source);
      assert.equal(new TextDecoder().decode(value), JSON.stringify(golden));
    });
  }
});
