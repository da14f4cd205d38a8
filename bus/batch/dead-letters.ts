import { sql } from "drizzle-orm";
import { deadLetterTopic, topics } from "#contracts/topics.ts";
import type { EventType } from "#contracts/events.ts";
import type { Transaction } from "#db/connection.ts";
import { insertDeadLetters, type DeadLetter } from "#db/dead-letters.ts";
import { encodeHeaders, type Headers } from "#db/headers.ts";
import type { OutboxMessage } from "#db/outbox.ts";
import type { KafkaMessage } from "#kafka/upstream.ts";
import { programVersion } from "../program-version.ts";
import { headersOf, traceparentOf } from "./records.ts";

/** Why a record is set aside. */
export interface Condemned {
  /** One of contracts' poison reasons, or `handler-type-error`, `constraint`, `unknown-error`, `deadly`. */
  readonly reason: string;
  readonly error: string;
  /** Tries, or deaths of the process where the reason is `deadly`. */
  readonly attempts: number;
  readonly firstSeenAtMs: number;
}

export function deadLetterOf(
  record: KafkaMessage,
  groupId: string,
  incarnation: string,
  condemned: Condemned,
): DeadLetter {
  const { topic, partition, offset, key, value, timestamp } = record;
  return {
    groupId,
    topic,
    partition,
    offset,
    incarnation,
    key,
    value,
    headers: headersOf(record),
    timestampMs: timestamp,
    programVersion,
    traceparent: traceparentOf(record),
    ...condemned,
  };
}

/** Keeps dead letters, and gives the copies to publish: of those that are kept for the first time. */
export async function keepDeadLetters(
  tx: Transaction,
  letters: readonly DeadLetter[],
  nowMs: number,
): Promise<OutboxMessage[]> {
  if (letters.length === 0) return [];
  const copies = letters.map(copyOf);
  if ((await insertDeadLetters(tx, letters, nowMs)) === letters.length) return copies;
  // Read again from the log's start by an operator's decision: some were set aside and copied before.
  const ids = JSON.stringify(copies.map(({ messageId }) => messageId));
  const known = await tx.all<{ id: string }>(
    sql`SELECT message_id AS id FROM outbox WHERE message_id IN (SELECT value FROM json_each(${ids}))`,
  );
  return copies.filter(({ messageId }) => !known.some(({ id }) => id === messageId));
}

const text = (value: string | number) => Buffer.from(String(value));

/** The message on the dead letter topic. Its id is the record's place: one record is set aside once. */
function copyOf(letter: DeadLetter): OutboxMessage {
  const { groupId, topic, partition, offset, incarnation, reason, error, attempts, firstSeenAtMs } = letter;
  const added: Headers = [
    ["dlq-group", text(groupId)],
    ["dlq-topic", text(topic)],
    ["dlq-partition", text(partition)],
    ["dlq-offset", text(offset)],
    ["dlq-reason", text(reason)],
    ["dlq-error", text(error)],
    ["dlq-attempts", text(attempts)],
    ["dlq-first-seen", text(new Date(firstSeenAtMs).toISOString())],
    ["dlq-version", text(letter.programVersion)],
  ];
  const name = deadLetterTopic(topics[topic as EventType]).name;
  return {
    messageId: `${name}/${groupId}/${partition}/${offset}/${incarnation}`,
    topic: name,
    key: letter.key,
    value: letter.value,
    traceparent: null,
    headers: encodeHeaders([...letter.headers, ...added]),
  };
}
