import { randomUUID } from "node:crypto";
import { createReadStream, rmSync, statSync } from "node:fs";
import { Readable } from "node:stream";
import type { Hono } from "hono";
import { copyHeaders } from "#contracts/admin.ts";
import type { Log } from "#bus/log.ts";
import { filePath, type StoreAddress } from "#db/connection.ts";
import { copyStore } from "#db/copy-store.ts";
import { ProblemError } from "../http/problem.ts";

export interface BackupParts {
  readonly address: StoreAddress;
  readonly log: Log;
}

/** `POST /backup`: a copy of the store as it is at one moment, as a SQLite file. */
export function serveBackup(app: Hono, { address, log }: BackupParts): void {
  app.post("/backup", async ({ req: { raw } }) => {
    const path = filePath(address.url);
    if (path === undefined) {
      const detail = "The store is at a libSQL server: back it up there, as its documentation says";
      throw new ProblemError({ kind: "invalid-request", status: 422, title: "There is no file to copy", detail });
    }
    const atMs = Date.now();
    // Beside the store: there is room for the store, so most likely for a second one.
    const toPath = `${path}.backup-${randomUUID()}`;
    const remove = () => rmSync(toPath, { force: true });
    try {
      const { storeId, rows } = await copyStore({ store: address, toPath, signal: raw.signal });
      log({ level: "info", message: "the store was copied for a backup", rows, durationMs: Date.now() - atMs });
      const file = createReadStream(toPath).once("close", remove);
      return new Response(Readable.toWeb(file) as ReadableStream, {
        headers: {
          "content-type": "application/vnd.sqlite3",
          "content-length": String(statSync(toPath).size),
          [copyHeaders.storeId]: storeId,
          [copyHeaders.atMs]: String(atMs),
        },
      });
    } catch (error) {
      remove();
      throw error;
    }
  });
}
