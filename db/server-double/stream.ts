// For tests only.
import { createClient, type Client, LibsqlError, type Transaction } from "@libsql/client/sqlite3";
import { decode, encodeResult, type Value } from "./values.ts";
import type { Release, WriteSlot } from "./write-slot.ts";

interface Statement {
  readonly sql?: string;
  readonly sql_id?: number;
  readonly args?: readonly Value[];
}
type Condition =
  | { readonly type: "ok"; readonly step: number }
  | { readonly type: "error"; readonly step: number }
  | { readonly type: "not"; readonly cond: Condition }
  | { readonly type: "and"; readonly conds: readonly Condition[] }
  | { readonly type: "or"; readonly conds: readonly Condition[] }
  | { readonly type: "is_autocommit" };
interface Step {
  readonly condition?: Condition | null;
  readonly stmt: Statement;
}

/** One thing that a client asks of its stream. */
export interface StreamRequest {
  readonly type: string;
  readonly sql?: string;
  readonly sql_id?: number;
  readonly stmt?: Statement;
  readonly batch?: { readonly steps: readonly Step[] };
}

export type Stream = ReturnType<typeof openStream>;

/** What the server answers to the next program of a stream whose transaction it has rolled back for another's sake. */
const timedOut = new LibsqlError("Transaction timed out", "TRANSACTION_TIMEOUT");
const nothing = { cols: [], rows: [], affected_row_count: 0, last_insert_rowid: null };

/** One connection of a client, and the transaction that it may be in. */
export function openStream(file: string, slot: WriteSlot) {
  const client: Client = createClient({ url: `file:${file}`, concurrency: 1 });
  const texts = new Map<number, string>();
  let transaction: Transaction | undefined;
  let release: Release | undefined;
  let wasAborted = false;
  const textOf = ({ sql, sql_id }: Statement) => sql ?? texts.get(sql_id ?? -1) ?? "";
  const inTransaction = () => (transaction?.closed === false ? transaction : undefined);

  async function begin(sql: string): Promise<void> {
    if (/IMMEDIATE/i.test(sql)) {
      release = await slot.acquire(async () => {
        wasAborted = true;
        await transaction?.rollback();
      });
    }
    transaction = await client.transaction("deferred");
    // Not the client's own BEGIN IMMEDIATE: see connection.ts.
    await transaction.executeMultiple(`ROLLBACK; ${sql}`);
  }

  async function end(work: () => Promise<void> | undefined): Promise<void> {
    await work();
    release?.();
    release = undefined;
  }

  async function execute(statement: Statement) {
    const sql = textOf(statement);
    if (/^\s*BEGIN/i.test(sql)) await begin(sql);
    else if (/^\s*COMMIT/i.test(sql)) await end(() => inTransaction()?.commit());
    else if (/^\s*ROLLBACK/i.test(sql)) await end(() => inTransaction()?.rollback());
    else {
      const args = (statement.args ?? []).map(decode);
      return encodeResult(await (inTransaction() ?? client).execute({ sql, args }));
    }
    return nothing;
  }

  const program: Program = {
    execute,
    isInTransaction: () => inTransaction() !== undefined,
    takeAborted() {
      const was = wasAborted;
      wasAborted = false;
      return was;
    },
  };
  return {
    async answer({ type, sql, sql_id, stmt, batch }: StreamRequest) {
      if (type === "store_sql" && sql_id !== undefined && sql !== undefined) texts.set(sql_id, sql);
      if (type === "close") await end(() => inTransaction()?.rollback());
      if (type === "batch" && batch)
        return { type: "ok", response: { type, result: await runSteps(program, batch.steps) } };
      if (type !== "execute" || !stmt) return { type: "ok", response: { type } };
      const { step_results, step_errors } = await runSteps(program, [{ stmt }]);
      if (step_errors[0] != null) return { type: "error", error: step_errors[0] };
      return { type: "ok", response: { type, result: step_results[0] } };
    },
    async close() {
      await end(() => inTransaction()?.rollback());
      client.close();
    },
  };
}

interface Program {
  execute(statement: Statement): Promise<unknown>;
  isInTransaction(): boolean;
  /** Whether the transaction was rolled back for another's sake since the last call. */
  takeAborted(): boolean;
}

/** Once its transaction is known to be rolled back, each further step fails, whatever its condition. */
async function runSteps({ execute, isInTransaction, takeAborted }: Program, steps: readonly Step[]) {
  const results: unknown[] = [];
  const errors: unknown[] = [];
  let isInvalid = false;
  const holds = (condition: Condition): boolean => {
    if (condition.type === "not") return !holds(condition.cond);
    if (condition.type === "and") return condition.conds.every(holds);
    if (condition.type === "or") return condition.conds.some(holds);
    if (condition.type === "is_autocommit") return !isInTransaction();
    return (condition.type === "ok" ? results : errors)[condition.step] != null;
  };
  for (const { condition, stmt } of steps) {
    isInvalid = takeAborted() || isInvalid;
    let attempt: { result?: unknown; error?: unknown } = {};
    if (isInvalid) attempt = { error: errorOf(timedOut) };
    else if (condition == null || holds(condition)) attempt = await attempted(() => execute(stmt));
    results.push(attempt.result ?? null);
    errors.push(attempt.error ?? null);
  }
  return { step_results: results, step_errors: errors };
}

async function attempted<T>(work: () => Promise<T>) {
  try {
    return { result: await work() };
  } catch (error) {
    if (!(error instanceof LibsqlError)) throw error;
    return { error: errorOf(error) };
  }
}

// The server's codes have no second part, such as the CHECK of SQLITE_CONSTRAINT_CHECK.
const errorOf = ({ message, code }: LibsqlError) => ({ message, code });
