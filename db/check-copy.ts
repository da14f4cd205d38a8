import { createClient, type Value } from "@libsql/client/sqlite3";
import { StoreError, storeError } from "./errors.ts";

/**
 * Says whose store a file holds.
 * @throws StoreError when it is none, or broken
 */
export async function checkCopy(path: string): Promise<{ readonly storeId: string }> {
  const client = createClient({ url: `file:${path}`, concurrency: 1, timeout: 0 });
  try {
    const found = (await client.execute("PRAGMA integrity_check")).rows.map((row) => textOf(row["integrity_check"]));
    if (found[0] !== "ok") throw new StoreError(`the copy is broken: ${found.join("; ")}`, "defect", "BROKEN");
    const [store] = (await client.execute("SELECT id FROM store")).rows;
    return { storeId: textOf(store?.["id"]) };
  } catch (error) {
    throw storeError(error);
  } finally {
    client.close();
  }
}

const textOf = (cell: Value | undefined) => (typeof cell === "string" ? cell : "");
