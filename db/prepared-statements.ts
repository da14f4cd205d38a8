import Database from "libsql";

/** What @libsql/client calls of a statement. */
interface Statement {
  safeIntegers(on: boolean): unknown;
  raw(on: boolean): unknown;
  columns(): unknown;
  all(values: unknown): unknown;
  run(values: unknown): unknown;
}

interface Connection {
  prepare(this: Connection, sql: string): Statement;
}

/**
 * Far more than a service has: texts differ by the columns that a batch fills and changes. Beyond it the oldest goes, so that
 * somebody's generated texts do not fill the memory.
 */
const keptAtMost = 256;

/** Its columns are those of the moment when it was prepared: after another process's migration they would be the wrong ones. */
const namesNoColumns = /^\s*(select\s+\*|pragma)/i;

let isKeeping = false;

/**
 * Makes libSQL's connections keep the statements that they have prepared. @libsql/client prepares each anew, each time: 40 % of
 * the CPU of a small batch's transaction, measured; and has no setting for it, nor a way to the connection, so the method that
 * it calls is replaced, for this process.
 */
export function keepPreparedStatements(): void {
  if (isKeeping) return;
  isKeeping = true;
  // Libsql's declarations are better-sqlite3's, wider than what is called here.
  const connections = Database.prototype as unknown as Connection;
  connections.prepare = keeping(connections.prepare);
}

/** `prepare`, asked once for each text and connection. A statement that failed is not used again: libSQL may have left it open. */
export function keeping(prepare: Connection["prepare"]): Connection["prepare"] {
  const kept = new WeakMap<Connection, Map<string, Statement>>();
  return function (this: Connection, sql) {
    if (namesNoColumns.test(sql)) return prepare.call(this, sql);
    let statements = kept.get(this);
    if (statements === undefined) kept.set(this, (statements = new Map()));
    const known = statements.get(sql);
    if (known) return known;
    const statement = keep(prepare.call(this, sql), () => kept.get(this)?.delete(sql));
    if (statements.size >= keptAtMost) statements.delete([...statements.keys()][0] ?? "");
    statements.set(sql, statement);
    return statement;
  };
}

/** A statement's settings and columns are asked for once, its failures forget it. */
function keep(statement: Statement, forget: () => void): Statement {
  const once = <T>(ask: () => T): (() => T) => {
    let answer: { readonly value: T } | { readonly thrown: unknown } | undefined;
    return () => {
      if (answer === undefined) {
        try {
          answer = { value: ask() };
        } catch (thrown) {
          answer = { thrown };
        }
      }
      if ("thrown" in answer) throw answer.thrown;
      return answer.value;
    };
  };
  const orForget = <T>(call: () => T): T => {
    try {
      return call();
    } catch (error) {
      forget();
      throw error;
    }
  };
  return {
    safeIntegers: once(() => statement.safeIntegers(true)),
    // Throws for a statement that returns no data: so the client tells which they are.
    raw: once(() => statement.raw(true)),
    columns: once(() => statement.columns()),
    all: (values) => orForget(() => statement.all(values)),
    run: (values) => orForget(() => statement.run(values)),
  };
}
