import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { createClient } from "@libsql/client/sqlite3";
import { sql } from "drizzle-orm";
import { StoreError } from "./errors.ts";
import type { Migration } from "./migrate.ts";
import { openStore, type Store } from "./open-store.ts";
import { sharedTables } from "./shared/migrations.ts";
import { temporaryFolder } from "./temporary-store.ts";

const notes: Migration = {
  name: "notes",
  statements: ["CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL CHECK (text <> '')) STRICT"],
};
const migrations = [sharedTables, notes];
const { signal } = new AbortController();

let folder: ReturnType<typeof temporaryFolder>;
let url: string;
const open: Store[] = [];

async function openAt(at: string, list: readonly Migration[] = migrations): Promise<Store> {
  const store = await openStore({ url: at, migrations: list }, signal);
  open.push(store);
  return store;
}

const add = (store: Store, text: string, at = signal) =>
  store.write(at, async (tx) => void (await tx.run(sql`INSERT INTO notes (text) VALUES (${text})`)));

const texts = async (store: Store) =>
  (await store.read(signal, (db) => db.all<{ text: string }>(sql`SELECT text FROM notes ORDER BY id`))).map(
    (row) => row.text,
  );

beforeEach(() => {
  folder = temporaryFolder();
  url = `file:${join(folder.path, "store.db")}`;
});
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  folder.remove();
});

describe("a new store", () => {
  test("is opened durable, with its rules on, and in a folder that is made for it", async () => {
    const store = await openAt(`file:${join(folder.path, "deep", "er", "store.db")}`);
    const settings = await store.write(signal, (tx) =>
      tx.get(sql`SELECT (SELECT journal_mode FROM pragma_journal_mode) AS journal,
        (SELECT synchronous FROM pragma_synchronous) AS synchronous, (SELECT foreign_keys FROM pragma_foreign_keys) AS keys`),
    );
    assert.deepEqual(settings, { journal: "wal", synchronous: 2, keys: 1 });
  });

  test("has an id that stays with it and that no other store has", async () => {
    const first = await openAt(url);
    const again = await openAt(url);
    const other = await openAt(`file:${join(folder.path, "other.db")}`);
    assert.match(first.id, /^[0-9a-f]{32}$/);
    assert.equal(again.id, first.id);
    assert.notEqual(other.id, first.id);
  });

  test("is migrated once when two open it at once", async () => {
    await Promise.all([openAt(url), openAt(url), openAt(url)]);
    const rows = await (await openAt(url)).read(signal, (db) => db.all(sql`SELECT version, name FROM migrations`));
    assert.deepEqual(rows, [
      { version: 1, name: "shared tables" },
      { version: 2, name: "notes" },
    ]);
  });
});

describe("a store with migrations applied", () => {
  test("gets only the new ones, and keeps its rows", async () => {
    const store = await openAt(url);
    await add(store, "kept");
    const more = { name: "more", statements: ["ALTER TABLE notes ADD COLUMN more TEXT"] };
    const newer = await openAt(url, [...migrations, more]);
    assert.deepEqual(await newer.read(signal, (db) => db.all(sql`SELECT text, more FROM notes`)), [
      { text: "kept", more: null },
    ]);
  });

  test("is refused by an older program, which changes nothing", async () => {
    await openAt(url);
    await assert.rejects(openAt(url, [sharedTables]), /newer than this program: it has migration 2 "notes".*knows 1/);
  });

  test("is refused by a program whose migration of that number is another", async () => {
    await openAt(url);
    const changed = { ...notes, statements: ["CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT"] };
    await assert.rejects(openAt(url, [sharedTables, changed]), /belongs to another service or program/);
  });

  test("is as before when a migration fails in the middle", async () => {
    await openAt(url);
    const broken = { name: "broken", statements: ["CREATE TABLE half (id INTEGER) STRICT", "CREATE TABLE ("] };
    await assert.rejects(openAt(url, [...migrations, broken]), StoreError);
    const rows = await (
      await openAt(url)
    ).read(signal, (db) => db.all(sql`SELECT name FROM sqlite_schema WHERE name = 'half'`));
    assert.deepEqual(rows, []);
  });
});

describe("a path that cannot be a store", () => {
  test("is refused with a StoreError", async () => {
    writeFileSync(
      join(folder.path, "store.db"),
      "these bytes are no database, and there are more than a header's worth".repeat(20),
    );
    await assert.rejects(openAt(url), (error: unknown) => {
      assert(error instanceof StoreError);
      return error.code === "SQLITE_NOTADB" && error.kind === "defect";
    });
  });
});

describe("writes of one process", () => {
  test("queue up in the order of their calls, and never meet TRANSACTION_ACTIVE", async () => {
    const store = await openAt(url);
    const expected = Array.from({ length: 50 }, (_, index) => String(index));
    await Promise.all(
      expected.map((text) =>
        store.write(signal, async (tx) => {
          // Gives every other call the chance to come in between.
          await new Promise((resolve) => setImmediate(resolve));
          await tx.run(sql`INSERT INTO notes (text) VALUES (${text})`);
        }),
      ),
    );
    assert.deepEqual(await texts(store), expected);
  });

  test("leave no trace when the work throws, and the error comes out as it was", async () => {
    const store = await openAt(url);
    const mine = new Error("mine");
    const failing = store.write(signal, async (tx) => {
      await tx.run(sql`INSERT INTO notes (text) VALUES ('gone')`);
      throw mine;
    });
    await assert.rejects(failing, (error) => error === mine);
    await add(store, "next");
    assert.deepEqual(await texts(store), ["next"]);
  });

  test("say which rule a row broke, without the row", async () => {
    const store = await openAt(url);
    const failing = store.write(signal, (tx) => tx.run(sql`INSERT INTO notes (id, text) SELECT ${"4711"}, ''`));
    await assert.rejects(failing, (error: unknown) => {
      assert(error instanceof StoreError);
      assert.equal(error.kind, "constraint");
      assert.equal(error.code, "SQLITE_CONSTRAINT_CHECK");
      assert.doesNotMatch(error.message, /4711/);
      return true;
    });
    await add(store, "next");
    assert.deepEqual(await texts(store), ["next"]);
  });

  test("that wait are given up when their signal aborts; the others go on", async () => {
    const store = await openAt(url);
    const controller = new AbortController();
    let release = (): void => undefined;
    let held: Promise<void> = Promise.resolve();
    await new Promise<void>((started) => {
      held = store.write(signal, () => {
        started();
        return new Promise<void>((resolve) => (release = resolve));
      });
    });
    const given = add(store, "given up", controller.signal);
    const next = add(store, "next");
    controller.abort(new Error("stop"));
    await assert.rejects(given, /stop/);
    release();
    await Promise.all([held, next]);
    assert.deepEqual(await texts(store), ["next"]);
  });

  test("that were asked for before the close are done, later ones refused", async () => {
    const store = await openAt(url);
    const before = add(store, "before");
    const closing = store.close();
    await assert.rejects(add(store, "after"), /closed/);
    await Promise.all([before, closing]);
    assert.deepEqual(await texts(await openAt(url)), ["before"]);
  });
});

describe("a reader", () => {
  test("cannot write, neither alone nor in a snapshot", async () => {
    const store = await openAt(url);
    const insert = sql`INSERT INTO notes (text) VALUES ('never')`;
    await assert.rejects(
      store.read(signal, (db) => db.run(insert)),
      /readonly/,
    );
    await assert.rejects(
      store.snapshot(signal, (tx) => tx.run(insert)),
      /readonly/,
    );
    assert.deepEqual(await texts(store), []);
  });

  test("sees one moment in a snapshot while writes go on, and other reads see them", async () => {
    const store = await openAt(url);
    const count = sql`SELECT count(*) AS n FROM notes`;
    const seen = await store.snapshot(signal, async (tx) => {
      const before = await tx.get(count);
      await add(store, "meanwhile");
      const outside = await store.read(signal, (db) => db.get(count));
      return { before, outside, after: await tx.get(count) };
    });
    assert.deepEqual(seen, { before: { n: 0 }, outside: { n: 1 }, after: { n: 0 } });
  });
});

describe("libSQL itself", () => {
  test("loses statements after its own BEGIN met SQLITE_BUSY: why db/ begins by another way. If this fails, simplify", async () => {
    await (await openAt(url)).close();
    const [a, b] = [createClient({ url, concurrency: 1 }), createClient({ url, concurrency: 1 })];
    const transaction = await a.transaction("write");
    await assert.rejects(b.transaction("write"), /SQLITE_BUSY/);
    await transaction.commit();
    await b.execute("INSERT INTO notes (text) VALUES ('said to be written')");
    assert.equal((await a.execute("SELECT count(*) AS n FROM notes")).rows[0]?.["n"], 0);
    a.close();
    b.close();
  });
});
