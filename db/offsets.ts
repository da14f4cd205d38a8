import { eq, sql } from "drizzle-orm";
import type { Database, Transaction } from "./connection.ts";
import { offsets } from "./shared/schema.ts";

export type OffsetRow = typeof offsets.$inferSelect;

/** Which of a group's rows. */
type RowKey = Readonly<Pick<OffsetRow, "topic" | "partition">>;

/** How far one batch moves one partition. */
export interface OffsetMove extends RowKey {
  readonly incarnation: string;
  /** Offset of the batch's first record: the row must still say so. */
  readonly from: number;
  readonly next: number;
  readonly lastRecordId: string | null;
}

/**
 * Moves all partitions of a batch in one statement, and gives those whose row was where the batch began. Fewer than asked:
 * another instance, or this one in a COMMIT whose answer was lost, has taken the rest; roll back and redo without them.
 */
export function compareAndSetOffsets(
  tx: Transaction,
  groupId: string,
  moves: readonly OffsetMove[],
  nowMs: number,
): Promise<RowKey[]> {
  // The group is in each row, not beside them: else SQLite reads all of the group's rows, and for each of them all moves
  // (36 partitions: 1.3 ms of CPU in place of 0.2).
  const rows = moves.map((move) => {
    return [groupId, move.topic, move.partition, move.incarnation, move.from, move.next, move.lastRecordId];
  });
  return tx.all<RowKey>(sql`
    UPDATE offsets SET next = move.value ->> 5, last_record_id = move.value ->> 6, updated_at_ms = ${nowMs}
    FROM json_each(${JSON.stringify(rows)}) AS move
    WHERE offsets.group_id = move.value ->> 0
      AND offsets.topic = move.value ->> 1
      AND offsets.partition = move.value ->> 2
      AND offsets.incarnation = move.value ->> 3
      AND offsets.next = move.value ->> 4
    RETURNING topic, partition`);
}

/** Where a group starts in a partition that it has no row for in this incarnation. */
export interface OffsetStart extends RowKey {
  readonly incarnation: string;
  readonly next: number;
}

/**
 * Writes the rows that a group starts from, in one statement. A row of the same incarnation stays as it is: another
 * instance has started there already. One of an earlier incarnation is replaced.
 */
export async function startOffsets(
  tx: Transaction,
  groupId: string,
  starts: readonly OffsetStart[],
  nowMs: number,
): Promise<void> {
  const rows = starts.map(({ topic, partition, incarnation, next }) => [topic, partition, incarnation, next]);
  await tx.run(sql`
    INSERT INTO offsets (group_id, topic, partition, incarnation, next, updated_at_ms)
    SELECT ${groupId}, value ->> 0, value ->> 1, value ->> 2, value ->> 3, ${nowMs}
    FROM json_each(${JSON.stringify(rows)})
    WHERE true
    ON CONFLICT DO UPDATE SET incarnation = excluded.incarnation, next = excluded.next, last_record_id = NULL,
      updated_at_ms = excluded.updated_at_ms
    WHERE offsets.incarnation <> excluded.incarnation`);
}

/** All rows of a group. */
export function readOffsets(database: Database | Transaction, groupId: string): Promise<OffsetRow[]> {
  return database.select().from(offsets).where(eq(offsets.groupId, groupId));
}

/** Begins anew in these partitions, wherever their rows were; rows of the group in others go. */
export async function restartOffsets(
  tx: Transaction,
  groupId: string,
  starts: readonly OffsetStart[],
  nowMs: number,
): Promise<void> {
  await tx.delete(offsets).where(eq(offsets.groupId, groupId));
  await startOffsets(tx, groupId, starts, nowMs);
}
