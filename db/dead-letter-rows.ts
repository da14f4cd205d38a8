import { and, asc, desc, eq, gte, lt, type SQL, sql } from "drizzle-orm";
import type { Database, Transaction } from "./connection.ts";
import { deadLetters } from "./shared/schema.ts";

export type DeadLetterRow = typeof deadLetters.$inferSelect;
export type DeadLetterState = DeadLetterRow["state"];

/** Which dead letters; what is left out does not matter. */
export interface DeadLetterFilter {
  readonly state?: DeadLetterState | undefined;
  readonly topic?: string | undefined;
  readonly reason?: string | undefined;
  /** Its key, as text. */
  readonly key?: string | undefined;
  /** Set aside before this moment, or at it or later. */
  readonly beforeMs?: number | undefined;
  readonly sinceMs?: number | undefined;
}

/** When it was set aside; rows from before that was kept have when they were first seen. */
const deadAt = sql<number>`coalesce(${deadLetters.deadAtMs}, ${deadLetters.firstSeenAtMs})`;

/** The newest first, at most `limit`, of those with a smaller id than `beforeId`. */
export function findDeadLetters(
  database: Database | Transaction,
  filter: DeadLetterFilter,
  limit: number,
  beforeId?: number,
): Promise<DeadLetterRow[]> {
  const page = beforeId === undefined ? [] : [lt(deadLetters.id, beforeId)];
  return database
    .select()
    .from(deadLetters)
    .where(and(...conditions(filter), ...page))
    .orderBy(desc(deadLetters.id))
    .limit(limit);
}

export async function readDeadLetter(database: Database | Transaction, id: number): Promise<DeadLetterRow | undefined> {
  const [row] = await database.select().from(deadLetters).where(eq(deadLetters.id, id));
  return row;
}

/** Dead letters that have topic, reason, state and age in common. */
export interface DeadLetterGroup {
  readonly topic: string;
  readonly reason: string;
  readonly state: DeadLetterState;
  /** The largest of the given ages that each of them has reached, ms. */
  readonly ageMs: number;
  readonly letters: number;
  readonly oldestAtMs: number;
  readonly newestAtMs: number;
}

/** @param agesMs ascending, from 0 */
export function groupDeadLetters(
  database: Database,
  filter: DeadLetterFilter,
  nowMs: number,
  agesMs: readonly number[],
): Promise<DeadLetterGroup[]> {
  const age = sql<number>`(
    SELECT max(value) FROM json_each(${JSON.stringify(agesMs)}) WHERE value <= max(0, ${nowMs} - ${deadAt}))`;
  return database
    .select({
      topic: deadLetters.topic,
      reason: deadLetters.reason,
      state: deadLetters.state,
      ageMs: age.as("age"),
      letters: sql<number>`count(*)`,
      oldestAtMs: sql<number>`min(${deadAt})`,
      newestAtMs: sql<number>`max(${deadAt})`,
    })
    .from(deadLetters)
    .where(and(...conditions(filter)))
    .groupBy(deadLetters.topic, deadLetters.reason, deadLetters.state, sql`age`)
    .orderBy(asc(deadLetters.topic), asc(deadLetters.reason), asc(deadLetters.state), sql`age`);
}

/** Those that nobody has dealt with, by their index. */
export async function countOpenDeadLetters(database: Database): Promise<number> {
  const [row] = await database.all<{ letters: number }>(
    sql`SELECT count(*) AS letters FROM dead_letters WHERE state = 'dead'`,
  );
  return row?.letters ?? 0;
}

/** Closes one that is still dead, and says whether it was: of two who try, one does. */
export async function closeDeadLetter(
  tx: Transaction,
  id: number,
  state: Exclude<DeadLetterState, "dead">,
  nowMs: number,
): Promise<boolean> {
  const result = await tx
    .update(deadLetters)
    .set({ state, closedAtMs: nowMs })
    .where(and(eq(deadLetters.id, id), eq(deadLetters.state, "dead")));
  return result.rowsAffected === 1;
}

function conditions({ state, topic, reason, key, beforeMs, sinceMs }: DeadLetterFilter): SQL[] {
  return [
    // As a literal, so that the index of those that are dead is used.
    ...(state === undefined ? [] : [sql`${deadLetters.state} = ${sql.raw(`'${state}'`)}`]),
    ...(topic === undefined ? [] : [eq(deadLetters.topic, topic)]),
    ...(reason === undefined ? [] : [eq(deadLetters.reason, reason)]),
    ...(key === undefined ? [] : [eq(deadLetters.key, Buffer.from(key))]),
    ...(beforeMs === undefined ? [] : [lt(deadAt, beforeMs)]),
    ...(sinceMs === undefined ? [] : [gte(deadAt, sinceMs)]),
  ];
}
