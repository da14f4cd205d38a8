import { existsSync } from "node:fs";
import { sql } from "drizzle-orm";
import { sleep } from "#bus/back-off.ts";
import { filePath } from "#db/connection.ts";
import { createReader } from "#db/reader.ts";

/** How many orders intake has not seen the end of. */
export async function countOpenOrders(intakeStoreUrl: string, signal: AbortSignal): Promise<number> {
  const path = filePath(intakeStoreUrl);
  if (path === undefined || !existsSync(path)) return 0;
  const reader = createReader({ url: intakeStoreUrl });
  try {
    return await reader.read(signal, async (database) => {
      // A start that was killed early leaves a store without tables.
      const tables = await database.all(sql`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'orders'`);
      if (tables.length === 0) return 0;
      const [found] = await database.all<{ count: number }>(
        sql`SELECT count(*) AS count FROM orders WHERE status IN ('received', 'created')`,
      );
      return found?.count ?? 0;
    });
  } finally {
    reader.close();
  }
}

const lookEveryMs = 50;

/** Waits until none is open, or until the time is up; gives how many still are. */
export async function untilNoneOpen(intakeStoreUrl: string, timeoutMs: number, signal: AbortSignal): Promise<number> {
  const untilMs = performance.now() + timeoutMs;
  for (;;) {
    const open = await countOpenOrders(intakeStoreUrl, signal);
    if (open === 0 || performance.now() > untilMs) return open;
    await sleep(lookEveryMs, signal);
    signal.throwIfAborted();
  }
}
