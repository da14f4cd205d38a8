import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { startLibsqlServer } from "#db/server-double/server.ts";
import { temporaryFolder } from "#db/temporary-store.ts";
import { openAuditStores } from "./stores.ts";

const folder = temporaryFolder();
after(() => folder.remove());

describe("stores on a libSQL server that asks for a token", () => {
  const { signal } = new AbortController();
  async function look(authToken?: string) {
    const server = await startLibsqlServer(join(folder.path, "store.db"), { authToken: "hush" });
    const { url } = server;
    const stores = openAuditStores({ intake: url, stock: url, order: url, payment: url }, authToken);
    try {
      await stores.snapshots(signal, () => Promise.resolve());
    } finally {
      stores.close();
      await server.close();
    }
  }

  test("are read with it: the first thing that is missing is what services put there", async () => {
    await assert.rejects(look("hush"), { name: "AuditRefusedError", message: /lacks its tables/ });
  });

  test("are not read without it, and that is said", async () => {
    await assert.rejects(look(), { name: "StoreError", message: /401/ });
  });
});
