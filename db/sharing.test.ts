import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createClient, type Client } from "@libsql/client/sqlite3";
import { sql } from "drizzle-orm";
import { StoreError } from "./errors.ts";
import { openStore, type Store } from "./open-store.ts";
import { sharedTables } from "./shared/migrations.ts";
import { temporaryFolder } from "./temporary-store.ts";

const { signal } = new AbortController();
const migrations = [
  sharedTables,
  {
    name: "family",
    statements: [
      "CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT",
      `CREATE TABLE children (
        id INTEGER PRIMARY KEY,
        parent INTEGER NOT NULL REFERENCES parents DEFERRABLE INITIALLY DEFERRED
      ) STRICT`,
    ],
  },
];

let folder: ReturnType<typeof temporaryFolder>;
let url: string;
let store: Store;
/** Somebody else's connection to the file. */
let other: Client;

beforeEach(async () => {
  folder = temporaryFolder();
  url = `file:${join(folder.path, "store.db")}`;
  store = await openStore({ url, migrations }, signal);
  other = createClient({ url, concurrency: 1 });
});
afterEach(async () => {
  other.close();
  await store.close();
  folder.remove();
});

const addParent = (id: number, at = signal) =>
  store.write(at, async (tx) => void (await tx.run(sql`INSERT INTO parents (id) VALUES (${id})`)));
const ids = async (): Promise<number[]> =>
  (await other.execute("SELECT id FROM parents ORDER BY id")).rows.map((row) => Number(row["id"]));

/** Turns of the event loop: as many tries of a refused writer as it takes to be sure that it waits. */
async function untilTried(tries: () => number): Promise<void> {
  while (tries() < 20) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("a store whose lock another holds", () => {
  test("delays writes and loses none, in the order of their calls, and reads go on meanwhile", async () => {
    const lock = await other.transaction("write");
    let ticks = 0;
    const clock = setInterval(() => (ticks += 1), 5);
    const written: number[] = [];
    const writes = [1, 2, 3].map((id) => addParent(id).then(() => written.push(id)));
    // The event loop turns while writes wait: SQLite's own busy timeout would block it.
    await untilTried(() => ticks);
    clearInterval(clock);
    assert.deepEqual(written, []);
    assert.deepEqual(await store.read(signal, (db) => db.all(sql`SELECT id FROM parents`)), []);
    await lock.execute("INSERT INTO parents (id) VALUES (9)");
    await lock.commit();
    await Promise.all(writes);
    assert.deepEqual(written, [1, 2, 3]);
    assert.deepEqual(await ids(), [1, 2, 3, 9]);
  });

  test("is written on the same connection afterwards: a refusal costs no reopening", async () => {
    await store.write(signal, (tx) => tx.run(sql`CREATE TEMP TABLE mine (id INTEGER)`));
    const lock = await other.transaction("write");
    const waiting = store.write(signal, async (tx) => {
      await tx.run(sql`INSERT INTO parents (id) VALUES (1)`);
      // A temporary table is gone with its connection.
      return tx.all(sql`SELECT id FROM mine`);
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await lock.rollback();
    assert.deepEqual(await waiting, []);
    assert.deepEqual(await ids(), [1]);
  });

  test("lets a waiting write be given up, and the next one through", async () => {
    const lock = await other.transaction("write");
    const controller = new AbortController();
    const waiting = addParent(1, controller.signal);
    const next = addParent(2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort(new Error("told to stop"));
    await assert.rejects(waiting, /told to stop/);
    await lock.rollback();
    await next;
    assert.deepEqual(await ids(), [2]);
  });

  test("says so when the other never lets go, and works again once it does", async () => {
    const lock = await other.transaction("write");
    // The other may be a process that was stopped inside its transaction: a wait without end would be a silent one.
    await assert.rejects(addParent(1), (error) => error instanceof StoreError && error.kind === "busy");
    await lock.rollback();
    await addParent(2);
    assert.deepEqual(await ids(), [2]);
  });

  test("can be opened: the migration waits for its turn", async () => {
    const lock = await other.transaction("write");
    let opened = false;
    const opening = openStore({ url, migrations }, signal).then((second) => {
      opened = true;
      return second;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(opened, false);
    await lock.rollback();
    await (await opening).close();
  });
});

describe("a COMMIT that fails", () => {
  test("by a rule that is checked last leaves nothing, and the next write works", async () => {
    const orphan = store.write(signal, async (tx) => {
      await tx.run(sql`INSERT INTO parents (id) VALUES (1)`);
      await tx.run(sql`INSERT INTO children (id, parent) VALUES (1, 7)`);
    });
    await assert.rejects(orphan, (error: unknown) => error instanceof StoreError && error.kind === "constraint");
    await addParent(2);
    assert.deepEqual(await ids(), [2]);
  });
});

describe("a transaction that leaves a statement open", () => {
  test("fails as a defect, though its code is that of a lock: to wait would be for ever", async () => {
    const leaving = store.write(signal, (tx) => tx.run(sql`EXPLAIN INSERT INTO parents (id) VALUES (1)`));
    await assert.rejects(leaving, { name: "StoreError", kind: "defect", code: "SQLITE_BUSY" });
    await addParent(2);
    assert.deepEqual(await ids(), [2]);
  });
});

describe("a full disk", () => {
  test("is transient: nothing is written, and the same write works once there is room", async () => {
    const big = () =>
      store.write(signal, (tx) => {
        return tx.run(sql`INSERT INTO parents (id) SELECT value FROM json_each(${JSON.stringify(numbers)})`);
      });
    const numbers = Array.from({ length: 5000 }, (_, index) => index);
    // A limit of the connection stands for the disk's; a new connection, which follows every failure, has none.
    await store.write(signal, async (tx) => {
      const { pages } = await tx.get<{ pages: number }>(sql`SELECT page_count AS pages FROM pragma_page_count`);
      await tx.run(sql.raw(`PRAGMA max_page_count = ${pages}`));
    });
    await assert.rejects(big(), (error: unknown) => {
      return error instanceof StoreError && error.kind === "transient" && error.code === "SQLITE_FULL";
    });
    assert.deepEqual(await ids(), []);
    await big();
    assert.equal((await ids()).length, 5000);
  });
});

describe("two processes that write one file back to back", () => {
  test("take turns, since who waits is let through", async () => {
    const total = 300;
    const shared = `file:${join(folder.path, "shared.db")}`;
    const exits = await Promise.all(["a", "b"].map((name) => runChild(shared, name, total)));
    assert.deepEqual(exits, [0, 0]);
    const reader = createClient({ url: shared, concurrency: 1 });
    const { rows } = await reader.execute("SELECT name FROM turns ORDER BY id");
    reader.close();
    // Measured: 4 or 5 in a row; without the hand-over 50 to 500. Between them is room for a machine that is busy.
    const longest = longestRun(rows.map((row) => row["name"]));
    assert(longest < total / 10, `one of them went ${longest} times in a row`);
  });
});

function longestRun(names: readonly unknown[]): number {
  let longest = 0;
  let run = 0;
  for (const [index, name] of names.entries()) {
    run = name === names[index - 1] ? run + 1 : 1;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** Starts one more process of this runtime; it ends when this one does, whose pipe it reads. */
function runChild(shared: string, name: string, total: number): Promise<number | null> {
  const script = fileURLToPath(new URL("./sharing-child.ts", import.meta.url));
  const child = spawn(process.execPath, [...runtimeArguments(), script, shared, name, String(total)], {
    stdio: ["pipe", "inherit", "inherit"],
  });
  return new Promise((resolve, reject) => child.on("exit", resolve).on("error", reject));
}

function runtimeArguments(): string[] {
  if ("Bun" in globalThis) return [];
  if ("Deno" in globalThis) return ["run", "-A", "--no-check", "--node-modules-dir=manual"];
  return ["--import", "tsx"];
}
