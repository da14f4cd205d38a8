import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { sql } from "drizzle-orm";
import { groups } from "#contracts/topics.ts";
import { closeDeadLetter } from "#db/dead-letter-rows.ts";
import { insertDeadLetters } from "#db/dead-letters.ts";
import { migrations as paymentMigrations } from "#db/payment/migrations.ts";
import { migrations as stockMigrations } from "#db/stock/migrations.ts";
import type { Migration } from "#db/migrate.ts";
import type { Store } from "#db/open-store.ts";
import { openTemporaryStore, type TemporaryStore } from "#db/temporary-store.ts";
import type { KeepingSettings } from "./keeping-settings.ts";
import { paymentKeeping } from "./payment/keeping.ts";
import { type Keeping, purgeOnce } from "./purge.ts";
import { stockKeeping } from "./stock/keeping.ts";

const { signal } = new AbortController();
const nowMs = 10_000;
const settings: KeepingSettings = {
  outboxKeptMs: 1_000,
  deadLettersKeptMs: 2_000,
  ordersKeptMs: 3_000,
  keysKeptMs: 4_000,
  purgeIntervalMs: 50,
  purgeRows: 5,
};

let temporary: TemporaryStore;
const open = async (migrations: readonly Migration[]) => void (temporary = await openTemporaryStore(migrations));
afterEach(() => temporary.remove());

const run = (text: string) => temporary.store.write(signal, async (tx) => void (await tx.run(sql.raw(text))));
const texts = async (query: string) =>
  (await temporary.store.read(signal, (db) => db.all<{ text: string }>(sql.raw(query)))).map(({ text }) => text);

/** Gives what went, step by step. */
async function purge(
  keeping: Keeping,
  store: Pick<Store, "write"> = temporary.store,
): Promise<[kind: string, rows: number][]> {
  const steps: [string, number][] = [];
  const onPurged = (kind: string, rows: number) => void steps.push([kind, rows]);
  await purgeOnce({ store, keeping, settings, onPurged, nowMs: () => nowMs, log: () => {}, signal });
  return steps;
}

describe("dead letters", () => {
  beforeEach(() => open(stockMigrations));

  test("go when they were dealt with so long ago; one that is open stays, however old", async () => {
    await temporary.store.write(signal, async (tx) => {
      await insertDeadLetters(tx, [1, 2, 3].map(letterAt), 1);
      await closeDeadLetter(tx, 1, "healed", nowMs - settings.deadLettersKeptMs - 1);
      await closeDeadLetter(tx, 2, "discarded", nowMs - settings.deadLettersKeptMs);
    });
    assert.deepEqual(await purge(stockKeeping), [["dead-letters", 1]]);
    const left = "SELECT id || ' ' || state AS text FROM dead_letters ORDER BY id";
    assert.deepEqual(await texts(left), ["2 discarded", "3 dead"]);
  });
});

describe("Idempotency-Keys", () => {
  const key = (name: string, atMs: number) => `('${name}', 'hash', ${atMs})`;
  const keys = [key("old", nowMs - settings.keysKeptMs - 1), key("young", nowMs - settings.keysKeptMs)];
  const left = "SELECT idempotency_key AS text FROM requests ORDER BY 1";

  test("of payment go after their bound", async () => {
    await open(paymentMigrations);
    await run(`INSERT INTO requests (idempotency_key, body_hash, at_ms) VALUES ${keys.join(", ")}`);
    assert.deepEqual(await purge(paymentKeeping), [["keys", 1]]);
    assert.deepEqual(await texts(left), ["young"]);
  });

  test("of stock go after their bound, but for those of restocks, which the audit adds up", async () => {
    await open(stockMigrations);
    const restock = key("restock", 1);
    await run(`INSERT INTO requests (idempotency_key, body_hash, at_ms) VALUES ${[...keys, restock].join(", ")}`);
    await run("INSERT INTO products (product_id, available, price_minor) VALUES ('pen', 5, 100)");
    await run("INSERT INTO restocks (idempotency_key, product_id, quantity) VALUES ('restock', 'pen', 5)");
    assert.deepEqual(await purge(stockKeeping), [["keys", 1]]);
    assert.deepEqual(await texts(left), ["restock", "young"]);
  });
});

describe("a service that lets go of much at once", () => {
  const count = 43;
  beforeEach(async () => {
    await open(paymentMigrations);
    const rows = Array.from({ length: count }, (_, n) => `('key-${n}', 'hash', 1)`);
    await run(`INSERT INTO requests (idempotency_key, body_hash, at_ms) VALUES ${rows.join(", ")}`);
  });

  test("does so in transactions of so many rows at most", async () => {
    const steps = await purge(paymentKeeping);
    assert.deepEqual(
      steps,
      [5, 5, 5, 5, 5, 5, 5, 5, 3].map((rows) => ["keys", rows]),
    );
  });

  test("rests between them many times as long as each took, so that others get the store", async () => {
    const took: { readonly beganMs: number; readonly endedMs: number }[] = [];
    const write: Store["write"] = async (at, work) => {
      const beganMs = performance.now();
      const result = await temporary.store.write(at, work);
      took.push({ beganMs, endedMs: performance.now() });
      return result;
    };
    await purge(paymentKeeping, { write });
    const ofKeys = took.slice(-9);
    for (const [index, { beganMs, endedMs }] of ofKeys.slice(0, -1).entries()) {
      const restedMs = (ofKeys[index + 1]?.beganMs ?? 0) - endedMs;
      assert(restedMs >= 8 * (endedMs - beganMs), `rested ${restedMs} ms after ${endedMs - beganMs} ms`);
    }
  });
});

function letterAt(offset: number) {
  return {
    groupId: groups.stock,
    topic: "order.start",
    partition: 0,
    offset,
    incarnation: "1",
    key: null,
    value: Buffer.from("junk"),
    headers: [],
    timestampMs: 1,
    reason: "no-json",
    error: "no JSON",
    attempts: 1,
    firstSeenAtMs: 1,
    programVersion: "0.1.0",
    traceparent: null,
  };
}
