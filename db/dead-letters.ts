import { sql } from "drizzle-orm";
import type { Transaction } from "./connection.ts";
import { encodeHeaders, type Headers } from "./headers.ts";
import { createPacker } from "./packed-bytes.ts";

/** Where a record is, or was: unique over all lives of its topic. */
export interface RecordPosition {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly incarnation: string;
}

/** A record that no handler could take, as it came. See dead-letter-rows.ts for what is kept of it. */
export interface DeadLetter extends RecordPosition {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Headers;
  readonly timestampMs: number;
  readonly reason: string;
  readonly error: string;
  readonly attempts: number;
  readonly firstSeenAtMs: number;
  /** Which program could not take it. */
  readonly programVersion: string;
  /** W3C trace context; null where it has none. */
  readonly traceparent: string | null;
}

/** Keeps dead letters, in one statement. One that is kept already stays as it is. Gives how many are new. */
export async function insertDeadLetters(
  tx: Transaction,
  letters: readonly DeadLetter[],
  nowMs: number,
): Promise<number> {
  const packer = createPacker();
  const rows = letters.map((letter) => [
    letter.groupId,
    letter.topic,
    letter.partition,
    letter.offset,
    letter.incarnation,
    ...packer.add(letter.key),
    ...packer.add(letter.value),
    encodeHeaders(letter.headers),
    letter.timestampMs,
    letter.reason,
    letter.error,
    letter.attempts,
    letter.firstSeenAtMs,
    letter.programVersion,
    letter.traceparent,
  ]);
  const result = await tx.run(sql`
    INSERT INTO dead_letters (group_id, topic, partition, offset, incarnation, key, value, headers, timestamp_ms, reason,
      error, attempts, first_seen_at_ms, program_version, traceparent, dead_at_ms)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4,
      substr(packed, value ->> 5, value ->> 6), substr(packed, value ->> 7, value ->> 8),
      value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13, value ->> 14,
      value ->> 15, value ->> 16, ${nowMs}
    FROM json_each(${JSON.stringify(rows)}), (SELECT ${packer.pack()} AS packed)
    WHERE true
    ON CONFLICT DO NOTHING`);
  return result.rowsAffected;
}
