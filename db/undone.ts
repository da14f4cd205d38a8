import { sql } from "drizzle-orm";
import { compensations, type EventType } from "#contracts/events.ts";
import type { Database } from "./connection.ts";

/** A dead letter that was to take something back. */
export interface Undone {
  readonly id: number;
  readonly topic: EventType;
  readonly key: string | null;
  readonly reason: string;
  readonly error: string;
  readonly sinceMs: number;
}

const rowsAtMost = 10_000;

/** Compensations that lie as dead letters, the oldest first. By the index of open ones: what was dealt with costs nothing. */
export function findUndone(database: Database): Promise<Undone[]> {
  const topics = JSON.stringify(compensations);
  return database.all<Undone>(sql`
    SELECT id, topic, CAST(key AS TEXT) AS key, reason, error, coalesce(dead_at_ms, first_seen_at_ms) AS sinceMs
    FROM dead_letters WHERE state = 'dead' AND topic IN (SELECT value FROM json_each(${topics}))
    ORDER BY id LIMIT ${rowsAtMost}`);
}
