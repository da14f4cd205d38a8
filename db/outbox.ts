import { and, asc, eq, gt, inArray, sql } from "drizzle-orm";
import type { Database, Transaction } from "./connection.ts";
import { createPacker } from "./packed-bytes.ts";
import { outbox, outboxHorizon } from "./shared/schema.ts";

export type OutboxRow = typeof outbox.$inferSelect;

/** A message to publish. */
export interface OutboxMessage {
  readonly messageId: string;
  readonly topic: string;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly traceparent: string | null;
  /** From `encodeHeaders`; null for the headers of every event. */
  readonly headers: string | null;
}

/**
 * Puts messages into the outbox in their order, in one statement, and gives the seq of the first; the others follow without
 * a gap. Throws a StoreError `constraint` when a message id is there already, or the instance was not started.
 */
export async function insertOutbox(
  tx: Transaction,
  instanceId: string,
  messages: readonly OutboxMessage[],
  nowMs: number,
): Promise<number> {
  if (messages.length === 0) throw new Error("no messages to insert");
  const packer = createPacker();
  const rows = messages.map(({ messageId, topic, key, value, traceparent, headers }) => {
    return [messageId, topic, traceparent, headers, ...packer.add(key), ...packer.add(value)];
  });
  // RETURNING would build an object a row. The write lock is ours: what one statement adds is numbered without a gap.
  const result = await tx.run(sql`
    INSERT INTO outbox (instance_id, created_at_ms, message_id, topic, traceparent, headers, key, value)
    SELECT ${instanceId}, ${nowMs}, value ->> 0, value ->> 1, value ->> 2, value ->> 3,
      substr(packed, value ->> 4, value ->> 5), substr(packed, value ->> 6, value ->> 7)
    FROM json_each(${JSON.stringify(rows)}), (SELECT ${packer.pack()} AS packed)`);
  return Number(result.lastInsertRowid) - messages.length + 1;
}

/** The rows of an instance after `afterSeq`, oldest first: what it has yet to publish, after a start or a takeover. */
export function readOutboxAfter(
  database: Database | Transaction,
  instanceId: string,
  afterSeq: number,
  limit: number,
): Promise<OutboxRow[]> {
  return database
    .select()
    .from(outbox)
    .where(and(eq(outbox.instanceId, instanceId), gt(outbox.seq, afterSeq)))
    .orderBy(asc(outbox.seq))
    .limit(limit);
}

/**
 * Deletes rows that all have read and that are older than `createdBeforeMs`, at most `limit`, and gives their number. Keep
 * them as long as a dead letter may want to be healed from them.
 */
export async function purgeOutbox(tx: Transaction, createdBeforeMs: number, limit: number): Promise<number> {
  const { rowsAffected } = await tx.run(sql`
    DELETE FROM outbox WHERE seq IN (
      SELECT o.seq FROM instances i CROSS JOIN outbox o ON o.instance_id = i.instance_id AND o.seq <= i.read_seq
      WHERE o.created_at_ms < ${createdBeforeMs}
      LIMIT ${limit})`);
  if (rowsAffected > 0) await moveHorizon(tx, createdBeforeMs);
  return rowsAffected;
}

/** From now on nothing is said of rows that were written before this moment: they may be gone. */
export async function moveHorizon(tx: Transaction, completeSinceMs: number): Promise<void> {
  await tx.run(sql`
    INSERT INTO outbox_horizon (only, complete_since_ms) VALUES (1, ${completeSinceMs})
    ON CONFLICT DO UPDATE SET complete_since_ms = max(complete_since_ms, excluded.complete_since_ms)`);
}

/** The moment, epoch ms, from which on no row is missing; null: none is. */
export async function outboxCompleteSince(database: Database | Transaction): Promise<number | null> {
  const [row] = await database.select().from(outboxHorizon);
  return row?.completeSinceMs ?? null;
}

/** Which of these message ids the outbox has. */
export async function knownMessageIds(
  database: Database | Transaction,
  messageIds: readonly string[],
): Promise<string[]> {
  const rows = await database.all<{ id: string }>(sql`
    SELECT message_id AS id FROM json_each(${JSON.stringify(messageIds)}) AS asked CROSS JOIN outbox ON message_id = asked.value
    ORDER BY seq`);
  return rows.map(({ id }) => id);
}

/** Takes rows out of the outbox, to be put in again behind all others: then they are published again. */
export async function takeFromOutbox(tx: Transaction, messageIds: readonly string[]): Promise<OutboxMessage[]> {
  const taken = await tx
    .delete(outbox)
    .where(inArray(outbox.messageId, [...messageIds]))
    .returning();
  return taken
    .toSorted((a, b) => a.seq - b.seq)
    .map(({ messageId, topic, key, value, traceparent, headers }) => {
      return { messageId, topic, key, value, traceparent, headers };
    });
}
