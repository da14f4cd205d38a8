import { Database } from "bun:sqlite";

/** Intake's orders without an end. */
export interface OpenOrders {
  /** Whether anybody has written the store since this was last asked; costs next to nothing. */
  changed(): boolean;
  ids(): Set<string>;
  close(): void;
}

/**
 * Reads intake's store, through the index that holds open orders only: one statement, whatever the size of the store. No
 * request to intake, so looking often does not change what is looked at; the CPU is the load client's.
 */
export function openOrdersOf(storePath: string): OpenOrders {
  const database = new Database(storePath, { readonly: true });
  database.run("PRAGMA query_only=ON");
  const statement = database.query<[string], []>(
    "SELECT order_id FROM orders WHERE status IN ('received', 'created') AND order_id > ''",
  );
  const version = database.query<{ data_version: number }, []>("PRAGMA data_version");
  let known = -1;
  return {
    changed() {
      const now = version.get()?.data_version ?? -1;
      const isNew = now !== known;
      known = now;
      return isNew;
    },
    ids: () => new Set(statement.values().map(([id]) => String(id))),
    close: () => database.close(),
  };
}
