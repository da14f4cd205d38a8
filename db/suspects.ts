import { and, eq, sql } from "drizzle-orm";
import type { Transaction } from "./connection.ts";
import type { RecordPosition } from "./dead-letters.ts";
import { suspects } from "./shared/schema.ts";

/**
 * Says before a try that this record may kill the process, and gives how often it was said, and since when: tries that never
 * ended were deaths. To be committed before the try.
 */
export async function markSuspect(
  tx: Transaction,
  record: RecordPosition,
  nowMs: number,
): Promise<{ readonly tries: number; readonly firstSeenAtMs: number }> {
  const [marked] = await tx
    .insert(suspects)
    .values({ ...positionOf(record), tries: 1, firstSeenAtMs: nowMs })
    .onConflictDoUpdate({ target: positionColumns, set: { tries: sql`${suspects.tries} + 1` } })
    .returning({ tries: suspects.tries, firstSeenAtMs: suspects.firstSeenAtMs });
  if (marked === undefined) throw new Error("an upsert returned no row");
  return marked;
}

/** Takes the marker away, in the transaction of the record's effects or of its dead letter. */
export async function clearSuspect(tx: Transaction, record: RecordPosition): Promise<void> {
  await tx
    .delete(suspects)
    .where(
      and(
        eq(suspects.groupId, record.groupId),
        eq(suspects.topic, record.topic),
        eq(suspects.partition, record.partition),
        eq(suspects.offset, record.offset),
        eq(suspects.incarnation, record.incarnation),
      ),
    );
}

const positionColumns = [suspects.groupId, suspects.topic, suspects.partition, suspects.offset, suspects.incarnation];

function positionOf({ groupId, topic, partition, offset, incarnation }: RecordPosition): RecordPosition {
  return { groupId, topic, partition, offset, incarnation };
}
