import assert from "node:assert/strict";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { startInstance } from "./instances.ts";
import { startLibsqlServer, type LibsqlServer } from "./libsql-server.ts";
import { compareAndSetOffsets, startOffsets } from "./offsets.ts";
import { openStore, type Store } from "./open-store.ts";
import { insertOutbox, readOutboxAfter } from "./outbox.ts";
import { loadRows, saveRows } from "./row-sets.ts";
import { migrations } from "./stock/migrations.ts";
import { products } from "./stock/schema.ts";
import { temporaryFolder } from "./temporary-store.ts";

const { signal } = new AbortController();
let folder: ReturnType<typeof temporaryFolder>;
let server: LibsqlServer;
let store: Store;

beforeEach(async () => {
  folder = temporaryFolder();
  server = await startLibsqlServer(join(folder.path, "store.db"));
  store = await openStore({ url: server.url, migrations }, signal);
});
afterEach(async () => {
  await store.close();
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
      server.takeRoundTrips();
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
      trips.push(server.takeRoundTrips());
    }
    assert.equal(new Set(trips).size, 1, `round trips: ${trips.join()}`);
    const [last] = await store.read(signal, (db) => readOutboxAfter(db, "i", 550, 1));
    assert.deepEqual([last?.messageId, last?.value], ["500/499", Buffer.from([0, 255])]);
  });

  test("says which rule a row broke, and that nothing is written", async () => {
    const failing = store.write(signal, (tx) => saveRows(tx, products, [product("a"), product("b", -1)]));
    await assert.rejects(failing, { kind: "constraint", code: "SQLITE_CONSTRAINT_CHECK" });
    assert.deepEqual(await store.snapshot(signal, (tx) => loadRows(tx, products, ["a", "b"])), []);
  });
});

describe("a COMMIT whose answer is lost", () => {
  test("has an unknown outcome, which the offsets resolve: the batch redone moves nothing", async () => {
    const start = { topic: "t", partition: 0, incarnation: "1" };
    await store.write(signal, (tx) => startOffsets(tx, "g", [{ ...start, next: 0 }], 1));
    const batch = () =>
      store.write(signal, (tx) =>
        compareAndSetOffsets(tx, "g", [{ ...start, from: 0, next: 5, lastRecordId: null }], 2),
      );
    server.loseNextCommit();
    await assert.rejects(batch(), { name: "StoreError", kind: "commit-unknown" });
    assert.deepEqual(await batch(), []);
  });
});

describe("a server that is gone", () => {
  test("is transient for reads and writes: to be tried again, never to be blamed on a message", async () => {
    await server.close();
    await assert.rejects(
      store.write(signal, (tx) => loadRows(tx, products, ["a"])),
      { kind: "transient" },
    );
    await assert.rejects(
      store.read(signal, (db) => db.select().from(products)),
      { kind: "transient" },
    );
    server = await startLibsqlServer(join(folder.path, "another.db"));
  });
});
