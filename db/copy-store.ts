import { setTimeout as delay } from "node:timers/promises";
import { createClient, type Client, type Transaction, type Value } from "@libsql/client/sqlite3";
import { filePath, type StoreAddress } from "./connection.ts";
import { StoreError, storeError } from "./errors.ts";

export interface CopyOptions {
  readonly store: StoreAddress;
  /** A file that is not there yet. */
  readonly toPath: string;
  readonly signal: AbortSignal;
}

export interface StoreCopy {
  readonly storeId: string;
  readonly rows: number;
}

/** What one statement copies: some 5 ms, since SQLite works on the thread that takes orders. */
const rowsAtOnce = 500;

/**
 * Copies a store as it is at one moment, while it is written. Like `VACUUM INTO`, which would hold up the process for five
 * seconds a gigabyte (measured): so this goes table by table, in steps, and sleeps between two as long as the last one took.
 * While it lasts the write-ahead log of the store grows.
 * @throws StoreError
 */
export async function copyStore({ store, toPath, signal }: CopyOptions): Promise<StoreCopy> {
  if (filePath(store.url) === undefined) {
    const message = "the store is at a libSQL server: back it up there, as its documentation says";
    throw new StoreError(message, "defect", "NO_FILE");
  }
  // A connection of its own, since others may not be kept in a transaction for so long.
  const client = createClient({ url: store.url, concurrency: 1, timeout: 0 });
  try {
    // Rows are in no order that respects references; the journal of a file that is thrown away after a crash is of no use.
    await client.executeMultiple("PRAGMA foreign_keys=OFF");
    await client.execute({ sql: "ATTACH DATABASE ? AS copy", args: [toPath] });
    await client.executeMultiple("PRAGMA copy.journal_mode=OFF; PRAGMA copy.synchronous=OFF");
    return await copyInSnapshot(client, signal);
  } catch (error) {
    throw storeError(error);
  } finally {
    client.close();
  }
}

async function copyInSnapshot(client: Client, signal: AbortSignal): Promise<StoreCopy> {
  const tx = await client.transaction("deferred");
  try {
    const schema = (await tx.execute("SELECT type, name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL")).rows;
    const entries = schema.map(({ type, name, sql }) => ({ type: textOf(type), name: textOf(name), sql: textOf(sql) }));
    const tables = entries.filter(({ type, name }) => type === "table" && !name.startsWith("sqlite_"));
    for (const { sql } of tables) await tx.execute(intoCopy(sql));
    // Before the rows: made after them, each index would be one long statement.
    for (const { sql } of entries.filter(({ type }) => type === "index")) await tx.execute(intoCopy(sql));
    let rows = 0;
    for (const { name } of tables) rows += await copyTable(tx, name, signal);
    await tx.execute("DELETE FROM copy.sqlite_sequence");
    await tx.execute("INSERT INTO copy.sqlite_sequence SELECT * FROM main.sqlite_sequence");
    for (const { sql } of entries.filter(({ type }) => type === "trigger")) await tx.execute(intoCopy(sql));
    const [store] = (await tx.execute("SELECT id FROM copy.store")).rows;
    await tx.commit();
    return { storeId: textOf(store?.["id"]), rows };
  } finally {
    tx.close();
  }
}

/** SQLite keeps the statement that made an object, without the database that it is in. */
const intoCopy = (sql: string) => sql.replace(/^(CREATE (?:UNIQUE )?(?:TABLE|INDEX|TRIGGER)) /i, "$1 copy.");

async function copyTable(tx: Transaction, table: string, signal: AbortSignal): Promise<number> {
  const key = await keyOf(tx, table);
  const columns = key.map((name) => `"${name}"`).join(", ");
  // By other names: SQLite calls a rowid by the column that stands for it.
  const cells = key.map((name, index) => `"${name}" AS k${index}`).join(", ");
  const values = key.map(() => "?").join(", ");
  let after: (string | number)[] | undefined;
  for (let copied = 0; ;) {
    signal.throwIfAborted();
    const startedAtMs = performance.now();
    const where = after === undefined ? "" : `WHERE (${columns}) > (${values})`;
    const page = `FROM main."${table}" ${where} ORDER BY ${columns} LIMIT ${rowsAtOnce}`;
    const found = (await tx.execute({ sql: `SELECT ${cells} ${page}`, args: after ?? [] })).rows;
    const last = found.at(-1);
    if (last === undefined) return copied;
    await tx.execute({ sql: `INSERT INTO copy."${table}" SELECT * ${page}`, args: after ?? [] });
    copied += found.length;
    after = key.map((_, index) => last[`k${index}`] as string | number);
    await delay(performance.now() - startedAtMs, undefined, { signal });
  }
}

/** The columns that rows are in the order of. */
async function keyOf(tx: Transaction, table: string): Promise<string[]> {
  const sql = "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk";
  const [isWithoutRowid] = (
    await tx.execute({ sql: "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?", args: [table] })
  ).rows;
  if (isWithoutRowid?.["wr"] !== 1) return ["rowid"];
  return (await tx.execute({ sql, args: [table] })).rows.map(({ name }) => textOf(name));
}

const textOf = (cell: Value | undefined) => (typeof cell === "string" ? cell : "");
