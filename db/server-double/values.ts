// For tests only: values as Hrana writes them in JSON.
import type { Client, InValue } from "@libsql/client/sqlite3";

export type Value = { readonly type: string; readonly value?: string | number; readonly base64?: string };

export function encodeResult(result: Awaited<ReturnType<Client["execute"]>>) {
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

export function decode({ type, value, base64 }: Value): InValue {
  if (type === "blob") return Buffer.from(base64 ?? "", "base64");
  return type === "integer" ? BigInt(value ?? 0) : (value ?? null);
}
