import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { join } from "node:path";
import { createClient } from "@libsql/client/sqlite3";
import { sql } from "drizzle-orm";
import { copyStore } from "./copy-store.ts";
import { StoreError } from "./errors.ts";
import { startInstance } from "./instances.ts";
import { insertOutbox } from "./outbox.ts";
import { openStore } from "./open-store.ts";
import { migrations } from "./payment/migrations.ts";
import { openTemporaryStore, temporaryFolder, type TemporaryStore } from "./temporary-store.ts";
import { appendTrail } from "./trail.ts";

const { signal } = new AbortController();
let temporary: TemporaryStore;
let folder: ReturnType<typeof temporaryFolder>;
beforeEach(async () => {
  temporary = await openTemporaryStore(migrations);
  folder = temporaryFolder();
});
afterEach(async () => {
  await temporary.remove();
  folder.remove();
});

const message = (n: number) => {
  const empty = { traceparent: null, headers: null };
  return {
    messageId: `payment.success/${n}`,
    topic: "payment.success",
    key: Buffer.from(`${n}`),
    value: null,
    ...empty,
  };
};

/** Each with an account of its own, in one transaction. */
async function writeMessages(from: number, to: number): Promise<void> {
  await temporary.store.write(signal, async (tx) => {
    const numbers = Array.from({ length: to - from }, (_, index) => from + index);
    await insertOutbox(tx, "i", numbers.map(message), 1);
    for (const n of numbers) await tx.run(sql`INSERT INTO accounts VALUES (${`c${n}`}, 'GBP', ${n})`);
  });
}

describe("a copy of a store that is written meanwhile", () => {
  test("is the store of one moment, whole, and opens as the same store", async () => {
    const { store, url } = temporary;
    await store.write(signal, (tx) => startInstance(tx, "i", 1));
    await store.write(signal, (tx) =>
      appendTrail(tx, { atMs: 1, operator: "ann", why: "a test", action: "heal", subject: "one", effect: "healed" }),
    );
    await writeMessages(0, 1_700);
    const toPath = join(folder.path, "copy.db");
    let written = 1_700;
    let isCopied = false;
    const copying = copyStore({ store: { url }, toPath, signal }).finally(() => (isCopied = true));
    while (!isCopied) {
      await writeMessages(written, (written += 20));
      // libSQL never waits, so timers would not get a turn.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    const { storeId } = await copying;
    assert(written > 1_720, "it was written while it was copied");
    assert.equal(storeId, store.id);

    const client = createClient({ url: `file:${toPath}` });
    assert.equal((await client.execute("PRAGMA integrity_check")).rows[0]?.["integrity_check"], "ok");
    client.close();
    const copy = await openStore({ url: `file:${toPath}`, migrations }, signal);
    try {
      assert.equal(copy.id, store.id);
      const [counts] = await copy.read(signal, (db) =>
        db.all<{ outbox: number; accounts: number }>(
          sql`SELECT (SELECT count(*) FROM outbox) AS outbox, (SELECT count(*) FROM accounts) AS accounts`,
        ),
      );
      assert.equal(counts?.outbox, counts?.accounts, "no transaction is half there");
      assert((counts?.outbox ?? 0) >= 1_700);
      const seq = await copy.write(signal, (tx) => insertOutbox(tx, "i", [message(-1)], 1));
      assert.equal(seq, (counts?.outbox ?? 0) + 1, "numbers go on where they were");
      await assert.rejects(
        copy.write(signal, (tx) => tx.run(sql`DELETE FROM trail`)),
        (error) => error instanceof StoreError,
        "triggers are copied",
      );
    } finally {
      await copy.close();
    }
  });

  test("is not made over a file that is there", async () => {
    const toPath = join(folder.path, "copy.db");
    await copyStore({ store: { url: temporary.url }, toPath, signal });
    await assert.rejects(copyStore({ store: { url: temporary.url }, toPath, signal }), StoreError);
  });
});
