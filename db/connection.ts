import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient, type Client, type Transaction as LibsqlTransaction } from "@libsql/client/sqlite3";
import type { Logger } from "drizzle-orm";
import type { LibSQLDatabase } from "drizzle-orm/libsql/driver-core";
import { drizzle } from "drizzle-orm/libsql/sqlite3";
import { LibSQLSession, LibSQLTransaction } from "drizzle-orm/libsql/session";
import { SQLiteAsyncDialect } from "drizzle-orm/sqlite-core";
import { StoreError } from "./errors.ts";
import { keepPreparedStatements } from "./prepared-statements.ts";

/** Where a store is, and who is told of each statement. */
export interface StoreAddress {
  /** `file:` with a path, or `libsql:`, `https:`, `http:` of a libSQL server. */
  readonly url: string;
  readonly authToken?: string;
  /** Told of each statement: tests count them. */
  readonly logger?: Logger;
}

/** Typed statements inside a transaction. */
export type Transaction = LibSQLTransaction<Record<string, never>, Record<string, never>>;
/** Typed statements, each on its own. */
export type Database = LibSQLDatabase;

export interface Connection {
  readonly database: Database;
  /** Runs `work` in a transaction; `onCommit` is told before COMMIT, after which a failure has another meaning. */
  transaction<T>(mode: "write" | "read", work: (tx: Transaction) => Promise<T>, onCommit?: () => void): Promise<T>;
  close(): void;
}

/**
 * synchronous=FULL: with WAL each COMMIT is an fsync, so what was answered is durable.
 * foreign_keys is libSQL's default and no other SQLite's; said, so that nothing depends on it.
 */
const writerPragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;";
const readerPragmas = "PRAGMA query_only=ON;";

/** Opens one connection. Throws what libSQL throws; a file's folder is made where it is missing. */
export async function connect(address: StoreAddress, role: "writer" | "reader"): Promise<Connection> {
  const path = filePath(address.url);
  const client = path === undefined ? await connectServer(address) : openFile(address.url, path);
  try {
    if (path !== undefined) await prepareFile(client, role, path);
  } catch (error) {
    client.close();
    throw error;
  }
  const options = address.logger ? { logger: address.logger } : {};
  // One a connection: it remembers columns by the names of their tables, and every service has a table of orders.
  const dialect = new SQLiteAsyncDialect();
  return {
    database: drizzle(client, options),
    transaction: (mode, work, onCommit) => runTransaction({ client, dialect, options }, mode, work, onCommit),
    close: () => client.close(),
  };
}

/** The path of a `file:` address; undefined for a server's. */
export function filePath(url: string): string | undefined {
  if (!url.startsWith("file:")) return undefined;
  return url.startsWith("file://") ? fileURLToPath(url) : url.slice("file:".length);
}

function openFile(url: string, path: string): Client {
  mkdirSync(dirname(path), { recursive: true });
  keepPreparedStatements();
  // One connection: with more, a PRAGMA reaches only one of them. No waiting inside SQLite: it blocks the event loop.
  return createClient({ url, concurrency: 1, timeout: 0 });
}

async function connectServer({ url, authToken }: StoreAddress): Promise<Client> {
  // Loaded only where it is used: it brings a web client along.
  const http = await import("@libsql/client/http");
  return http.createClient({ url, fetch: fetchOrTransient, ...(authToken === undefined ? {} : { authToken }) });
}

/** Each runtime reports a server out of reach in words of its own. Here, where it is known to be that, it gets one name. */
async function fetchOrTransient(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    // Read to its end: the connection may also break in the middle of an answer.
    return new Response(await response.arrayBuffer(), response);
  } catch (cause) {
    throw new StoreError(`the libSQL server cannot be reached: ${String(cause)}`, "transient", "UNREACHABLE", cause);
  }
}

async function prepareFile(client: Client, role: "writer" | "reader", path: string): Promise<void> {
  await client.executeMultiple(role === "writer" ? writerPragmas : readerPragmas);
  if (role === "reader") return;
  const mode = (await client.execute("PRAGMA journal_mode")).rows[0]?.["journal_mode"];
  if (mode === "wal") return;
  throw new StoreError(
    `${path} cannot use write-ahead logging (journal mode is ${JSON.stringify(mode)})`,
    "defect",
    "NO_WAL",
  );
}

/** Takes the write lock. Throws SQLITE_BUSY when another has it, and leaves the connection as good as before. */
async function beginImmediate(client: Client): Promise<LibsqlTransaction> {
  if (client.protocol !== "file") return client.transaction("write");
  // The client's own BEGIN IMMEDIATE is a prepared statement, which libSQL leaves open when it is refused. From then on
  // every COMMIT of the connection fails, and statements outside a transaction seem to work and are lost. One that runs by
  // `executeMultiple` is ended whatever happens; a deferred BEGIN before it takes no lock and is never refused.
  const libsql = await client.transaction("deferred");
  try {
    await libsql.executeMultiple("ROLLBACK; BEGIN IMMEDIATE");
    return libsql;
  } catch (error) {
    libsql.close();
    throw error;
  }
}

interface Session {
  readonly client: Client;
  readonly dialect: SQLiteAsyncDialect;
  readonly options: { readonly logger?: Logger };
}

async function runTransaction<T>(
  { client, dialect, options }: Session,
  mode: "write" | "read",
  work: (tx: Transaction) => Promise<T>,
  onCommit?: () => void,
): Promise<T> {
  // Drizzle's own `transaction` always takes the write lock, and does not tell a failed COMMIT from a failed statement.
  const libsql = mode === "write" ? await beginImmediate(client) : await client.transaction(mode);
  try {
    const session = new LibSQLSession<Record<string, never>, Record<string, never>>(
      client,
      dialect,
      undefined,
      options,
      libsql,
    );
    const result = await work(new LibSQLTransaction("async", dialect, session, undefined));
    onCommit?.();
    await libsql.commit();
    return result;
  } finally {
    // Rolls back what is still open; after COMMIT it does nothing.
    libsql.close();
  }
}
