import { LibsqlError } from "@libsql/client/sqlite3";
import { DrizzleQueryError } from "drizzle-orm";

/**
 * What a failure of the store means to whoever called it:
 * - `busy`: another connection has held the lock for longer than a healthy one does; `write` has waited and tried again
 *   until then. Nothing was written. Reads wait for nobody.
 * - `constraint`: the rows break a rule of the schema. Nothing was written; the same rows will fail again.
 * - `transient`: the store cannot be reached or written now (disk full, I/O, network). Nothing was written.
 * - `commit-unknown`: COMMIT failed and the transaction may still have been written. Redo it only under a guard, such as
 *   `compareAndSetOffsets`.
 * - `defect`: anything else, such as SQL that does not parse.
 */
export type StoreErrorKind = "busy" | "constraint" | "transient" | "commit-unknown" | "defect";

/** A statement or transaction that failed. Never holds the parameters: they are whole batches of customers' data. */
export class StoreError extends Error {
  readonly kind: StoreErrorKind;
  /** Code of SQLite or of the client, such as `SQLITE_CONSTRAINT_CHECK`. */
  readonly code: string;

  constructor(message: string, kind: StoreErrorKind, code: string, cause?: unknown) {
    super(message, { cause });
    this.name = "StoreError";
    this.kind = kind;
    this.code = code;
  }
}

/** Gives a failure of libSQL or drizzle its meaning; returns everything else, such as the caller's own errors, as it is. */
export function storeError(error: unknown): unknown {
  if (error instanceof StoreError) return error;
  // Drizzle puts every parameter into its message. Only its statement is kept.
  const statement = error instanceof DrizzleQueryError ? error.query : undefined;
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  if (cause instanceof StoreError) return cause;
  const where = statement === undefined ? "" : `; statement: ${statement.trim().slice(0, 200)}`;
  if (cause instanceof LibsqlError) {
    const code = cause.extendedCode ?? cause.code;
    return new StoreError(`${cause.message}${where}`, kindOf(cause.code), code, cause);
  }
  if (statement === undefined) return error;
  return new StoreError(`${cause instanceof Error ? cause.message : String(cause)}${where}`, "defect", "CLIENT", cause);
}

/** Codes after which the same call may work later, of SQLite (https://www.sqlite.org/rescode.html) and of a server. */
const transientCodes = new Set([
  "SQLITE_FULL",
  "SQLITE_IOERR",
  "SQLITE_CANTOPEN",
  "SQLITE_NOMEM",
  "SQLITE_PROTOCOL",
  "SQLITE_INTERRUPT",
  "SERVER_ERROR",
  "HRANA_PROTO_ERROR",
  "HRANA_CLOSED_ERROR",
  "TRANSACTION_CLOSED",
  "CLIENT_CLOSED",
  // A server took the transaction away: it had the right to write for 5 s and another waited, or its stream was idle for 10 s.
  "TRANSACTION_TIMEOUT",
  "STREAM_EXPIRED",
  // It takes no more for now, or its operator has told it to take no writes.
  "TRANSACTION_BUSY",
  "BLOCKED",
]);

function kindOf(code: string): StoreErrorKind {
  if (code === "SQLITE_BUSY" || code === "SQLITE_LOCKED") return "busy";
  if (code.startsWith("SQLITE_CONSTRAINT")) return "constraint";
  return transientCodes.has(code) ? "transient" : "defect";
}
