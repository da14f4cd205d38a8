import { desc } from "drizzle-orm";
import type { Database, Transaction } from "./connection.ts";
import { trail } from "./shared/schema.ts";

type TrailRow = typeof trail.$inferSelect;

/** Says what an operator does, in the transaction that does it. The store refuses to change or delete an entry. */
export async function appendTrail(tx: Transaction, entry: Omit<TrailRow, "id">): Promise<void> {
  await tx.insert(trail).values(entry);
}

/** The newest entries first. */
export function readTrail(database: Database, limit: number): Promise<TrailRow[]> {
  return database.select().from(trail).orderBy(desc(trail.id)).limit(limit);
}
