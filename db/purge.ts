import { type SQL, sql } from "drizzle-orm";
import type { Transaction } from "./connection.ts";

/** Which orders of a service have ended, and when. Names of columns and statuses are the service's own. */
export interface EndedOrders {
  readonly table: "orders" | "payments";
  readonly statuses: readonly string[];
  /** Columns with the moments of an order's ends; the last of them counts. */
  readonly endedAt: readonly string[];
  /** What the service publishes of an order, by the beginning of the message id. */
  readonly publishes: readonly string[];
  /** Keeps what the sums need of orders that go. */
  readonly keep?: (tx: Transaction, orderIds: string) => Promise<void>;
}

/**
 * Deletes orders that ended before a moment, oldest first, at most `limit`, and gives their number. Those stay of which the
 * outbox still has a message, or of which a message is dead and may yet be replayed.
 */
export async function purgeOrders(
  tx: Transaction,
  { table, statuses, endedAt, publishes, keep }: EndedOrders,
  endedBeforeMs: number,
  limit: number,
): Promise<number> {
  const moments = endedAt.map((column) => sql.raw(`coalesce(${column}, 0)`));
  const ended: SQL = moments.length === 1 ? sql`${moments[0]}` : sql`max(${sql.join(moments, sql`, `)})`;
  const ids = publishes.map((begin) => sql`${begin} || order_id`);
  const found = await tx.all<{ id: string }>(sql`
    SELECT order_id AS id FROM ${sql.raw(table)}
    WHERE order_id < ${firstIdOf(endedBeforeMs)} AND status IN (SELECT value FROM json_each(${JSON.stringify(statuses)}))
      AND ${ended} < ${endedBeforeMs}
      AND NOT EXISTS (SELECT 1 FROM outbox WHERE message_id IN (${sql.join(ids, sql`, `)}))
      AND NOT EXISTS (SELECT 1 FROM dead_letters WHERE state = 'dead' AND CAST(key AS TEXT) = order_id)
    ORDER BY order_id LIMIT ${limit}`);
  const last = found.at(-1)?.id;
  if (last === undefined) return 0;
  const orderIds = JSON.stringify(found.map(({ id }) => id));
  await keep?.(tx, orderIds);
  await tx.run(sql`DELETE FROM ${sql.raw(table)} WHERE order_id IN (SELECT value FROM json_each(${orderIds}))`);
  await tx.run(sql`
    INSERT INTO purged (only, last_order_id) VALUES (1, ${last})
    ON CONFLICT DO UPDATE SET last_order_id = max(last_order_id, excluded.last_order_id)`);
  return found.length;
}

/** Deletes dead letters that were dealt with before a moment, at most `limit`, and gives their number. */
export async function purgeDeadLetters(tx: Transaction, closedBeforeMs: number, limit: number): Promise<number> {
  const result = await tx.run(sql`
    DELETE FROM dead_letters WHERE id IN (
      SELECT id FROM dead_letters WHERE state <> 'dead' AND coalesce(closed_at_ms, first_seen_at_ms) < ${closedBeforeMs}
      ORDER BY id LIMIT ${limit})`);
  return result.rowsAffected;
}

/** A UUIDv7 begins with its moment. */
function firstIdOf(epochMs: number): string {
  const hex = Math.max(0, epochMs).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}
