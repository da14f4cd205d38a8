import assert from "node:assert/strict";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type Client, createClient } from "@libsql/client/sqlite3";
import { keeping, keepPreparedStatements } from "./prepared-statements.ts";
import { temporaryFolder } from "./temporary-store.ts";

keepPreparedStatements();

let folder: ReturnType<typeof temporaryFolder>;
let client: Client;

beforeEach(async () => {
  folder = temporaryFolder();
  client = createClient({ url: `file:${join(folder.path, "store.db")}`, concurrency: 1, timeout: 0 });
  await client.executeMultiple(
    "PRAGMA journal_mode=WAL; CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT UNIQUE)",
  );
});
afterEach(async () => {
  client.close();
  await new Promise((resolve) => setTimeout(resolve, 0));
  folder.remove();
});

const insert = "INSERT INTO notes (text) VALUES (?)";
const add = (text: string) => client.execute({ sql: insert, args: [text] });
const read = async () => (await client.execute("SELECT text FROM notes ORDER BY id")).rows.map((row) => row["text"]);

describe("a statement that was run before", () => {
  test("takes new values", async () => {
    for (const text of ["a", "b", "c"]) await add(text);
    assert.deepEqual(await read(), ["a", "b", "c"]);
    assert.deepEqual(await read(), ["a", "b", "c"]);
  });

  test("says how many rows it changed, and which came last, each time", async () => {
    await add("a");
    const { rowsAffected, lastInsertRowid } = await add("b");
    assert.deepEqual({ rowsAffected, lastInsertRowid }, { rowsAffected: 1, lastInsertRowid: 2n });
  });

  test("sees what another connection has changed in the schema", async () => {
    await add("a");
    assert.deepEqual(await read(), ["a"]);
    const all = "SELECT * FROM notes";
    assert.deepEqual((await client.execute(all)).columns, ["id", "text"]);
    const other = createClient({ url: `file:${join(folder.path, "store.db")}`, concurrency: 1 });
    await other.execute("ALTER TABLE notes ADD COLUMN lang TEXT DEFAULT 'en'");
    other.close();
    await add("b");
    assert.deepEqual(await read(), ["a", "b"]);
    assert.deepEqual((await client.execute(all)).columns, ["id", "text", "lang"]);
  });
});

describe("a statement that failed", () => {
  test("holds nothing open, so that its transaction can go on and be committed", async () => {
    await add("a");
    const transaction = await client.transaction("write");
    await assert.rejects(transaction.execute({ sql: insert, args: ["a"] }), /UNIQUE/);
    await transaction.execute({ sql: insert, args: ["b"] });
    await transaction.commit();
    assert.deepEqual(await read(), ["a", "b"]);
  });
});

describe("what is prepared", () => {
  const prepared: string[] = [];
  const prepare = keeping((sql) => {
    prepared.push(sql);
    return statementThat(() => undefined);
  });
  const broken = keeping((sql) => {
    prepared.push(sql);
    return statementThat(() => {
      throw new Error("refused");
    });
  });
  const statementThat = (run: () => unknown) => ({ safeIntegers: run, raw: run, columns: run, all: run, run });
  const [one, other] = [{ prepare }, { prepare }];

  beforeEach(() => (prepared.length = 0));

  test("is prepared once a connection, since it belongs to one", () => {
    for (const connection of [one, other, one, other]) connection.prepare("SELECT 1").run([]);
    assert.deepEqual(prepared, ["SELECT 1", "SELECT 1"]);
  });

  test("is prepared again after a failure", () => {
    const connection = { prepare: broken };
    assert.throws(() => connection.prepare("INSERT").run([]), /refused/);
    assert.throws(() => connection.prepare("INSERT").run([]), /refused/);
    assert.deepEqual(prepared, ["INSERT", "INSERT"]);
  });

  test("does not fill the memory: of many texts the oldest is forgotten", () => {
    for (let index = 0; index < 300; index++) one.prepare(`SELECT ${index}`);
    prepared.length = 0;
    one.prepare("SELECT 299");
    one.prepare("SELECT 0");
    assert.deepEqual(prepared, ["SELECT 0"]);
  });
});
