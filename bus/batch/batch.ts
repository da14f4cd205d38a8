import type { EventType } from "#contracts/events.ts";
import type { Transaction } from "#db/connection.ts";
import type { DeadLetter, RecordPosition } from "#db/dead-letters.ts";
import { compareAndSetOffsets, type OffsetMove } from "#db/offsets.ts";
import { clearSuspect } from "#db/suspects.ts";
import { isSamePartition } from "#kafka/topic-partition.ts";
import type { KafkaMessage, TopicPartition } from "#kafka/upstream.ts";
import type { BatchHandler, Handled, Received } from "../batch-handler.ts";
import { deadLetterOf, keepDeadLetters, type Condemned } from "./dead-letters.ts";
import { HandlerTypeError, isSystemFailure } from "./error-policy.ts";
import { outboxMessage } from "../relay/outbox-messages.ts";
import type { OutboxWriter } from "../relay/outbox-writer.ts";
import type { Position } from "../consume/positions.ts";
import { decodeRecord, recordId, type DecodedRecord } from "./records.ts";

/** A record in hand. */
export interface Item<K extends EventType = EventType> {
  readonly record: KafkaMessage;
  /** Under which it was polled. */
  readonly position: Position;
  readonly firstSeenAtMs: number;
  decoded?: DecodedRecord<K>;
}

/** The rows of these partitions are not where the batch begins: another instance moved them, or this one did. */
export class PartitionsTakenError extends Error {
  override readonly name = "PartitionsTakenError";
  readonly partitions: readonly TopicPartition[];

  constructor(partitions: readonly TopicPartition[]) {
    super(`moved by another: ${partitions.map(({ topic, partition }) => `${topic}/${partition}`).join(", ")}`);
    this.partitions = partitions;
  }
}

export interface BatchWrite<K extends EventType> {
  readonly handler: BatchHandler<K>;
  readonly write: OutboxWriter;
  readonly signal: AbortSignal;
}

export interface BatchResult {
  readonly handled: Handled;
  readonly deadLetters: readonly DeadLetter[];
}

/**
 * Handles records in one transaction, of a number of statements that does not depend on theirs: offsets, effects, outbox,
 * dead letters. `condemned` sets all of them aside without asking the handler.
 * @throws PartitionsTakenError, and whatever the store and the handler throw; nothing is written then, except perhaps
 * after a StoreError `commit-unknown`
 */
export async function writeBatch<K extends EventType>(
  { handler, write, signal }: BatchWrite<K>,
  items: readonly Item<K>[],
  { condemned, suspect }: { readonly condemned?: Condemned | undefined; readonly suspect?: boolean } = {},
): Promise<BatchResult> {
  const { groupId } = handler;
  const { received, deadLetters } = sort(groupId, items, condemned);
  const moves = movesOf(items);
  const result = await write(signal, async (tx, nowMs) => {
    const moved = await compareAndSetOffsets(tx, groupId, moves, nowMs);
    if (moved.length < moves.length) throw new PartitionsTakenError(without(moves, moved));
    const handled = await callHandler(handler, tx, received, nowMs);
    const copies = await keepDeadLetters(tx, deadLetters, nowMs);
    const [first] = items;
    if (suspect && first) await clearSuspect(tx, positionOf(groupId, first));
    const events = handled.outbox.map((outgoing) => outboxMessage(outgoing, handler.service));
    return { result: { handled, deadLetters }, outbox: copies.length > 0 ? [...events, ...copies] : events };
  });
  for (const { position, record } of items) position.next = record.offset + 1;
  result.handled.onCommitted?.();
  return result;
}

/** Where a record is, for a row of its own. */
export function positionOf(groupId: string, { record, position }: Item): RecordPosition {
  const { topic, partition, offset } = record;
  return { groupId, topic, partition, offset, incarnation: position.incarnation };
}

function sort<K extends EventType>(groupId: string, items: readonly Item<K>[], condemned: Condemned | undefined) {
  const received: Received<K>[] = [];
  const deadLetters: DeadLetter[] = [];
  for (const item of items) {
    const { record, position, firstSeenAtMs } = item;
    if (condemned) {
      deadLetters.push(deadLetterOf(record, groupId, position.incarnation, condemned));
      continue;
    }
    const decoded = (item.decoded ??= decodeRecord<K>(record));
    if (decoded.ok) {
      received.push(decoded.received);
      continue;
    }
    const poison = { reason: decoded.reason, error: decoded.detail, attempts: 1, firstSeenAtMs };
    deadLetters.push(deadLetterOf(record, groupId, position.incarnation, poison));
  }
  return { received, deadLetters };
}

const nothing: Handled = { outbox: [], outcomes: [] };

async function callHandler<K extends EventType>(
  handler: BatchHandler<K>,
  tx: Transaction,
  received: readonly Received<K>[],
  nowMs: number,
): Promise<Handled> {
  if (received.length === 0) return nothing;
  try {
    return await handler.handle(tx, received, nowMs);
  } catch (error) {
    // Only here can a TypeError be told to be the handler's.
    throw error instanceof TypeError && !isSystemFailure(error) ? new HandlerTypeError(error) : error;
  }
}

function movesOf(items: readonly Item[]): OffsetMove[] {
  const last = new Map<Position, Item>();
  for (const item of items) last.set(item.position, item);
  return [...last].map(([position, { record, decoded }]) => ({
    topic: position.topic,
    partition: position.partition,
    incarnation: position.incarnation,
    from: position.next,
    next: record.offset + 1,
    lastRecordId: decoded?.ok ? decoded.id : recordId(record),
  }));
}

function without(moves: readonly TopicPartition[], moved: readonly TopicPartition[]): TopicPartition[] {
  return moves
    .filter((move) => !moved.some((each) => isSamePartition(each, move)))
    .map(({ topic, partition }) => ({ topic, partition }));
}
