import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Migration } from "./migrate.ts";
import { openStore, type Store } from "./open-store.ts";

/** A store for one test, in a folder of its own. */
export interface TemporaryStore {
  readonly store: Store;
  readonly url: string;
  /** Statements since the last call, without BEGIN and COMMIT. */
  takeStatements(): string[];
  /** Closes the store and deletes its folder. */
  remove(): Promise<void>;
}

export async function openTemporaryStore(migrations: readonly Migration[]): Promise<TemporaryStore> {
  const folder = temporaryFolder();
  const url = `file:${join(folder.path, "store.db")}`;
  const statements: string[] = [];
  const logger = { logQuery: (statement: string) => void statements.push(statement) };
  const store = await openStore({ url, migrations, logger }, new AbortController().signal);
  statements.length = 0;
  return {
    store,
    url,
    takeStatements: () => statements.splice(0),
    async remove() {
      await store.close();
      // A turn of the event loop, for the finalizers of libSQL's objects: Deno crashes when it tears down a test file's
      // thread with them in its queue (seen with Deno 2.9.5 and libsql 0.5.29, only there).
      await new Promise((resolve) => setTimeout(resolve, 0));
      folder.remove();
    },
  };
}

export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "orderwright-db-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
