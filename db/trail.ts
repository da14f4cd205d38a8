import { and, asc, desc, eq } from "drizzle-orm";
import type { Database, Transaction } from "./connection.ts";
import { trail } from "./shared/schema.ts";

export type TrailRow = typeof trail.$inferSelect;

/** Says what an operator does, in the transaction that does it. The store refuses to change or delete an entry. */
export async function appendTrail(tx: Transaction, entry: Omit<TrailRow, "id">): Promise<void> {
  await tx.insert(trail).values(entry);
}

/** The newest entries first. */
export function readTrail(database: Database, limit: number): Promise<TrailRow[]> {
  return database.select().from(trail).orderBy(desc(trail.id)).limit(limit);
}

/** All that was done to one thing, the oldest first. */
export function readTrailOf(database: Database | Transaction, subject: string): Promise<TrailRow[]> {
  return database.select().from(trail).where(eq(trail.subject, subject)).orderBy(asc(trail.id));
}

/** Whether this was done to it before: under the store's lock, what one transaction does once. */
export async function isInTrail(tx: Transaction, action: string, subject: string): Promise<boolean> {
  const found = await tx
    .select({ id: trail.id })
    .from(trail)
    .where(and(eq(trail.subject, subject), eq(trail.action, action)))
    .limit(1);
  return found.length > 0;
}
