import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient, type Client, type InValue, LibsqlError, type Transaction } from "@libsql/client/sqlite3";

/**
 * A libSQL server for tests: as much of Hrana 3 over HTTP, on one file, as the client needs for transactions.
 * Source: https://github.com/tursodatabase/libsql/blob/main/docs/HRANA_3_SPEC.md
 */
export interface LibsqlServer {
  readonly url: string;
  /** Requests since the last call. */
  takeRoundTrips(): number;
  /** Breaks the connection after the next COMMIT is done, so that its answer is lost. */
  loseNextCommit(): void;
  close(): Promise<void>;
}

export async function startLibsqlServer(file: string): Promise<LibsqlServer> {
  const streams = new Map<string, Stream>();
  let roundTrips = 0;
  let loseCommit = false;
  const server = createServer((request, response) => {
    roundTrips += 1;
    void (async () => {
      // The client asks which version of the protocol there is: this one has JSON, not Protobuf.
      if (request.method === "GET") return response.writeHead(request.url === "/v3" ? 200 : 404).end();
      const { baton, requests } = JSON.parse(await textOf(request)) as { baton: string | null; requests: Request[] };
      const id = baton ?? String(streams.size + 1);
      const stream = streams.get(id) ?? openStream(file);
      streams.set(id, stream);
      const results = [];
      for (const one of requests) results.push(await stream.answer(one));
      if (loseCommit && stream.takeCommitted()) {
        loseCommit = false;
        return request.socket.destroy();
      }
      return response.end(JSON.stringify({ baton: id, base_url: null, results }));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    takeRoundTrips() {
      const taken = roundTrips;
      roundTrips = 0;
      return taken;
    },
    loseNextCommit: () => void (loseCommit = true),
    async close() {
      for (const stream of streams.values()) stream.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Statement {
  readonly sql?: string;
  readonly sql_id?: number;
  readonly args?: readonly Value[];
}
type Value = { readonly type: string; readonly value?: string | number; readonly base64?: string };
type Condition =
  | { readonly type: "ok" | "error"; readonly step: number }
  | { readonly type: "not"; readonly cond: Condition }
  | { readonly type: "is_autocommit" };
interface Request {
  readonly type: string;
  readonly sql?: string;
  readonly sql_id?: number;
  readonly stmt?: Statement;
  readonly batch?: { readonly steps: readonly { readonly condition?: Condition | null; readonly stmt: Statement }[] };
}

type Stream = ReturnType<typeof openStream>;

/** One connection of a client, and the transaction that it may be in. */
function openStream(file: string) {
  const client: Client = createClient({ url: `file:${file}`, concurrency: 1 });
  const texts = new Map<number, string>();
  let transaction: Transaction | undefined;
  let committed = false;

  async function execute(statement: Statement) {
    const sql = statement.sql ?? texts.get(statement.sql_id ?? -1) ?? "";
    if (/^\s*BEGIN/i.test(sql)) {
      transaction = await client.transaction("deferred");
      await transaction.executeMultiple(`ROLLBACK; ${sql}`);
    } else if (/^\s*COMMIT/i.test(sql)) {
      await transaction?.commit();
      committed = true;
    } else if (/^\s*ROLLBACK/i.test(sql)) {
      await transaction?.rollback();
    } else {
      return encodeResult(await (inTransaction() ?? client).execute({ sql, args: (statement.args ?? []).map(decode) }));
    }
    return { cols: [], rows: [], affected_row_count: 0, last_insert_rowid: null };
  }
  const inTransaction = () => (transaction?.closed === false ? transaction : undefined);

  async function batch(steps: NonNullable<Request["batch"]>["steps"]) {
    const results: unknown[] = [];
    const errors: unknown[] = [];
    const holds = (condition: Condition): boolean => {
      if (condition.type === "not") return !holds(condition.cond);
      if (condition.type === "is_autocommit") return inTransaction() === undefined;
      return (condition.type === "ok" ? results : errors)[condition.step] != null;
    };
    for (const { condition, stmt } of steps) {
      const attempt = condition == null || holds(condition) ? await attempted(() => execute(stmt)) : {};
      results.push("result" in attempt ? attempt.result : null);
      errors.push("error" in attempt ? attempt.error : null);
    }
    return { step_results: results, step_errors: errors };
  }

  return {
    async answer({ type, sql, sql_id, stmt, batch: steps }: Request) {
      if (type === "store_sql" && sql_id !== undefined && sql !== undefined) texts.set(sql_id, sql);
      if (type === "close") inTransaction()?.close();
      const attempt = await attempted<unknown>(() => {
        if (type === "execute" && stmt) return execute(stmt);
        return type === "batch" && steps ? batch(steps.steps) : Promise.resolve();
      });
      if ("error" in attempt) return { type: "error", error: attempt.error };
      return { type: "ok", response: { type, result: attempt.result } };
    },
    takeCommitted() {
      const was = committed;
      committed = false;
      return was;
    },
    close: () => client.close(),
  };
}

async function attempted<T>(work: () => Promise<T>) {
  try {
    return { result: await work() };
  } catch (error) {
    if (!(error instanceof LibsqlError)) throw error;
    return { error: { message: error.message, code: error.extendedCode ?? error.code } };
  }
}

function encodeResult(result: Awaited<ReturnType<Client["execute"]>>) {
  return {
    cols: result.columns.map((name) => ({ name, decltype: null })),
    rows: result.rows.map((row) => result.columns.map((_, index) => encode(row[index] ?? null))),
    affected_row_count: result.rowsAffected,
    last_insert_rowid: result.lastInsertRowid === undefined ? null : String(result.lastInsertRowid),
  };
}

function encode(value: string | number | bigint | ArrayBuffer | null) {
  if (value === null) return { type: "null" };
  if (typeof value === "string") return { type: "text", value };
  if (value instanceof ArrayBuffer) return { type: "blob", base64: Buffer.from(value).toString("base64") };
  return Number.isInteger(value) || typeof value === "bigint"
    ? { type: "integer", value: String(value) }
    : { type: "float", value };
}

function decode({ type, value, base64 }: Value): InValue {
  if (type === "blob") return Buffer.from(base64 ?? "", "base64");
  return type === "integer" ? BigInt(value ?? 0) : (value ?? null);
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
