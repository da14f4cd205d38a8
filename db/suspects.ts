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

/** The try ended, and nobody died: it is not counted. Earlier ones, which were deaths, are. */
export async function unmarkSuspect(tx: Transaction, record: RecordPosition): Promise<void> {
  await tx.delete(suspects).where(and(isRecord(record), eq(suspects.tries, 1)));
  await tx
    .update(suspects)
    .set({ tries: sql`${suspects.tries} - 1` })
    .where(isRecord(record));
}

/** Takes the marker away, in the transaction of the record's effects or of its dead letter. */
export async function clearSuspect(tx: Transaction, record: RecordPosition): Promise<void> {
  await tx.delete(suspects).where(isRecord(record));
}

/** After a clean exit nobody died of anything: what was said of records before is no more of use. */
export async function clearAllSuspects(tx: Transaction): Promise<void> {
  await tx.delete(suspects);
}

function isRecord({ groupId, topic, partition, offset, incarnation }: RecordPosition) {
  return and(
    eq(suspects.groupId, groupId),
    eq(suspects.topic, topic),
    eq(suspects.partition, partition),
    eq(suspects.offset, offset),
    eq(suspects.incarnation, incarnation),
  );
}

const positionColumns = [suspects.groupId, suspects.topic, suspects.partition, suspects.offset, suspects.incarnation];

function positionOf({ groupId, topic, partition, offset, incarnation }: RecordPosition): RecordPosition {
  return { groupId, topic, partition, offset, incarnation };
}
