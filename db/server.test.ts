import assert from "node:assert/strict";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { startInstance } from "./instances.ts";
import { compareAndSetOffsets, startOffsets } from "./offsets.ts";
import { openStore, type Store } from "./open-store.ts";
import { insertOutbox, readOutboxAfter } from "./outbox.ts";
import { loadRows, saveRows } from "./row-sets.ts";
import { type Line, startLine } from "./server-double/line.ts";
import { type LibsqlServer, libsqlServer, serverSlotMs, startLibsqlServer } from "./server-double/server.ts";
import { migrations } from "./stock/migrations.ts";
import { products } from "./stock/schema.ts";
import { temporaryFolder } from "./temporary-store.ts";

const { signal } = new AbortController();
/** Of the double, not to wait for long; long enough for any transaction of ours, however busy this machine is. */
const slotMs = libsqlServer === undefined ? 1_000 : serverSlotMs;
let folder: ReturnType<typeof temporaryFolder>;
let server: LibsqlServer;
let line: Line;
let store: Store;

beforeEach(async () => {
  folder = temporaryFolder();
  server = await startLibsqlServer(join(folder.path, "store.db"), { slotMs });
  line = await startLine(server.url);
  store = await openStore({ url: line.url, migrations }, signal);
});
afterEach(async () => {
  await store.close();
  await line.close();
  await server.close();
  folder.remove();
});

const product = (id: string, available = 1) => ({ productId: id, available, priceMinor: 2 });
const list = <T>(size: number, make: (index: number) => T): T[] =>
  Array.from({ length: size }, (_, index) => make(index));

describe("a store on a libSQL server", () => {
  test("takes a batch of any size in the same round trips, and gives back its bytes", async () => {
    await store.write(signal, (tx) => startInstance(tx, "i", 1));
    const trips = [];
    for (const size of [1, 50, 500]) {
      line.takeRoundTrips();
      await store.write(signal, async (tx) => {
        await loadRows(
          tx,
          products,
          list(size, (index) => `${size}/${index}`),
        );
        await saveRows(
          tx,
          products,
          list(size, (index) => product(`${size}/${index}`)),
        );
        const value = Buffer.from([0, 255]);
        const more = { topic: "t", key: null, value, traceparent: null, headers: null };
        await insertOutbox(
          tx,
          "i",
          list(size, (index) => ({ messageId: `${size}/${index}`, ...more })),
          1,
        );
      });
      trips.push(line.takeRoundTrips());
    }
    assert.equal(new Set(trips).size, 1, `round trips: ${trips.join()}`);
    const [last] = await store.read(signal, (db) => readOutboxAfter(db, "i", 550, 1));
    assert.deepEqual([last?.messageId, last?.value], ["500/499", Buffer.from([0, 255])]);
  });

  test("says which rule a row broke, and that nothing is written", async () => {
    const failing = store.write(signal, (tx) => saveRows(tx, products, [product("a"), product("b", -1)]));
    await assert.rejects(failing, { kind: "constraint" });
    assert.deepEqual(await store.snapshot(signal, (tx) => loadRows(tx, products, ["a", "b"])), []);
  });
});

describe("a COMMIT whose answer is lost", () => {
  const start = { topic: "t", partition: 0, incarnation: "1" };
  /** As a batch: moves the offset and adds a piece, once. */
  const batch = () =>
    store.write(signal, async (tx) => {
      const moved = await compareAndSetOffsets(tx, "g", [{ ...start, from: 0, next: 5, lastRecordId: null }], 2);
      if (moved.length === 0) return "was done before";
      await saveRows(tx, products, [product("a", 1 + ((await loadRows(tx, products, ["a"]))[0]?.available ?? 0))]);
      return "done";
    });
  const outcomes = { "before it is done": "done", "after it is done": "was done before" } as const;
  for (const when of ["before it is done", "after it is done"] as const) {
    test(`${when} has an unknown outcome, which the offsets resolve: its effects are there once`, async () => {
      await store.write(signal, (tx) => startOffsets(tx, "g", [{ ...start, next: 0 }], 1));
      line.loseNextCommit(when);
      await assert.rejects(batch(), { name: "StoreError", kind: "commit-unknown" });
      assert.equal(await batch(), outcomes[when]);
      assert.equal(await batch(), "was done before");
      assert.deepEqual(await store.snapshot(signal, (tx) => loadRows(tx, products, ["a"])), [product("a")]);
    });
  }
});

describe("two instances on one server", () => {
  let other: Store;
  beforeEach(async () => void (other = await openStore({ url: server.url, migrations }, signal)));
  afterEach(() => other.close());
  const add = (to: Store) =>
    to.write(signal, async (tx) => {
      const [row] = await loadRows(tx, products, ["a"]);
      await saveRows(tx, products, [product("a", 1 + (row?.available ?? 0))]);
    });
  const available = async () => (await store.snapshot(signal, (tx) => loadRows(tx, products, ["a"])))[0]?.available;

  test("write one after another: a waiter is given the right, none is refused and none is lost", async () => {
    await Promise.all(list(40, (index) => add(index % 2 === 0 ? store : other)));
    assert.equal(await available(), 40);
  });

  test("do not wait for one that reads, however long: it sees what was there when it began", async () => {
    await add(store);
    await other.snapshot(signal, async (tx) => {
      assert.equal((await loadRows(tx, products, ["a"]))[0]?.available, 1);
      await add(store);
      assert.equal((await loadRows(tx, products, ["a"]))[0]?.available, 1);
    });
    assert.equal(await available(), 2);
  });

  test("do not wait for ever for one that hangs: it loses its transaction, is told that it may try again, and then does", async () => {
    const waiter = Promise.withResolvers<void>();
    let begun = 0;
    const hanging = store.write(signal, async (tx) => {
      begun += 1;
      await saveRows(tx, products, [product("hanging")]);
      void add(other).then(waiter.resolve, waiter.reject);
      await waiter.promise;
      await saveRows(tx, products, [product("hanging", 2)]);
    });
    await assert.rejects(hanging, { name: "StoreError", kind: "transient", code: "TRANSACTION_TIMEOUT" });
    assert.equal(begun, 1, "the caller decides whether it tries again");
    assert.deepEqual(await store.snapshot(signal, (tx) => loadRows(tx, products, ["hanging"])), []);
    await add(store);
    assert.equal(await available(), 2);
  });

  test("may each take longer than that while nobody waits", async () => {
    await store.write(signal, async (tx) => {
      await saveRows(tx, products, [product("a", 0)]);
      await new Promise((resolve) => setTimeout(resolve, slotMs * 1.2));
    });
    await add(other);
    assert.equal(await available(), 1);
  });

  test("lose nothing when it is the COMMIT that comes too late: its outcome is not known, and nothing of it is there", async () => {
    const waiter = Promise.withResolvers<void>();
    const late = store.write(signal, async (tx) => {
      await saveRows(tx, products, [product("late")]);
      void add(other).then(waiter.resolve, waiter.reject);
      await waiter.promise;
    });
    await assert.rejects(late, { name: "StoreError", kind: "commit-unknown", code: "TRANSACTION_TIMEOUT" });
    assert.deepEqual(await store.snapshot(signal, (tx) => loadRows(tx, products, ["late"])), []);
    assert.equal(await available(), 1);
  });
});

describe("a server that is gone", () => {
  test("is transient for reads and writes: to be tried again, never to be blamed on a message", async () => {
    await line.close();
    await assert.rejects(
      store.write(signal, (tx) => loadRows(tx, products, ["a"])),
      { kind: "transient" },
    );
    await assert.rejects(
      store.read(signal, (db) => db.select().from(products)),
      { kind: "transient" },
    );
    line = await startLine(server.url);
  });
});
