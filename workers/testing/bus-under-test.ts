// For tests only.
import assert from "node:assert/strict";
import { sql } from "drizzle-orm";
import type { BatchHandler, Handled, Received } from "#bus/batch-handler.ts";
import { createBatchProcessor } from "#bus/batch/batch-processor.ts";
import type { FaultHook } from "#bus/fault-hook.ts";
import { createBusMetrics } from "#bus/metrics.ts";
import { outboxMessage } from "#bus/relay/outbox-messages.ts";
import { createOutboxWriter, type OutboxWriter } from "#bus/relay/outbox-writer.ts";
import { createPositions, type Positions } from "#bus/consume/positions.ts";
import { createRelayLane, nothingUnread } from "#bus/relay/relay-lane.ts";
import { busSettings } from "#bus/settings.ts";
import { encode, headers } from "#contracts/envelope.ts";
import type { EventType, OrderEvent } from "#contracts/events.ts";
import type { Transaction } from "#db/connection.ts";
import { StoreError } from "#db/errors.ts";
import { startInstance } from "#db/instances.ts";
import { readOffsets, startOffsets } from "#db/offsets.ts";
import type { Store } from "#db/open-store.ts";
import { isSamePartition } from "#kafka/topic-partition.ts";
import type { KafkaMessage } from "#kafka/upstream.ts";
import type { Random } from "./random-messages.ts";

/** The consuming half of the bus, from polled records to rows. */
export interface BusUnderTest<K extends EventType> {
  /**
   * One poll's records, however often their transaction fails. Gives them in the order of their commits: each partition's is
   * as given, and what was sought after a lost answer is polled behind the others.
   */
  process(messages: readonly Received<K>[], nowMs: number): Promise<Received<K>[]>;
  /** As Bus.write. */
  write(work: () => Promise<Handled>): Promise<void>;
  /** What each message came to, in the order of the commits. */
  readonly outcomes: readonly string[];
}

const instanceId = "i";
const incarnation = "1";
const partitions = 2;
const { signal } = new AbortController();

/**
 * Runs the bus's own batches, policy of errors and outbox inside a transaction of the caller's: a batch's transaction is a
 * savepoint, so that a thousand histories need not wait for a disk. Some batches fail before their COMMIT, of others the answer
 * is lost, and some begin as after an unclean exit, one record at a time.
 */
export async function openBusUnderTest<K extends EventType>(
  handler: BatchHandler<K>,
  store: Store,
  tx: Transaction,
  random: Random,
): Promise<BusUnderTest<K>> {
  const positions = await startPartitions(handler, tx);
  const outcomes: string[] = [];
  let clockMs = 0;
  const journal: Journal<K> = { outcomes: [], messages: [] };
  const stores = createFailingStores(store, tx, journal);
  const lane = laneOf(store);
  const { answering, faultHook } = stores;
  const outboxWriter = createOutboxWriter({ store: answering, instanceId, lane, faultHook, onCommitUnknown: () => {} });
  // The history's clock in place of the machine's.
  const write: OutboxWriter = (at, work) => outboxWriter(at, (inner) => work(inner, clockMs));
  const metrics = createBusMetrics();
  const singly = { left: 0 };
  const processor = createBatchProcessor<K>({
    handler: {
      ...handler,
      async handle(at, messages, nowMs) {
        const result = await handler.handle(at, messages, nowMs);
        journal.outcomes.push(...result.outcomes);
        journal.messages.push(...messages);
        return result;
      },
    },
    store: stores.plain,
    write,
    positions,
    settings: busSettings({}),
    metrics,
    log: () => {},
    singly,
    signal,
    pauseFor: () => Promise.resolve([]),
    async rejoin(taken) {
      const rows = await readOffsets(tx, handler.groupId);
      for (const row of rows) {
        if (taken.some((each) => isSamePartition(each, row))) positions.set({ ...row, committed: undefined });
      }
    },
  });

  const log = createLog<K>();
  return {
    outcomes,
    async process(messages, nowMs) {
      clockMs = nowMs;
      stores.failNext(random.pick(["none", "none", "none", "none", "before-commit", "answer-lost"]));
      singly.left = random.below(8) === 0 ? 2 : 0;
      const isLeft = (record: KafkaMessage) => record.offset >= (positions.get(record)?.next ?? 0);
      for (let left = messages.map(log.append); left.length > 0; left = left.filter(isLeft))
        await processor.process(left);
      assert.equal(metrics.deadLetters, 0, "every message can be handled");
      outcomes.push(...journal.outcomes.splice(0));
      return journal.messages.splice(0);
    },
    async write(work) {
      await write(signal, async () => {
        const { outbox, outcomes: decided } = await work();
        outcomes.push(...decided);
        return { result: undefined, outbox: outbox.map((outgoing) => outboxMessage(outgoing, handler.service)) };
      });
    },
  };
}

async function startPartitions(handler: Pick<BatchHandler, "groupId" | "reads">, tx: Transaction): Promise<Positions> {
  const starts = handler.reads.flatMap((topic) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition, incarnation, next: 0 })),
  );
  await startInstance(tx, instanceId, 1);
  await startOffsets(tx, handler.groupId, starts, 1);
  const positions = createPositions();
  for (const start of starts) positions.set({ ...start, committed: undefined });
  return positions;
}

/** What the handler has decided in transactions that were not rolled back. */
interface Journal<K extends EventType> {
  readonly outcomes: string[];
  readonly messages: Received<K>[];
}

type Fault = "none" | "before-commit" | "answer-lost";

/** A savepoint for each transaction. One of the writes to `answering` fails as it is told. */
function createFailingStores<K extends EventType>(store: Store, tx: Transaction, journal: Journal<K>) {
  let fault: Fault = "none";
  async function inSavepoint<T>(work: (at: Transaction) => Promise<T>): Promise<T> {
    const decidedBefore = journal.messages.length;
    await tx.run(sql`SAVEPOINT batch`);
    try {
      return await work(tx);
    } catch (error) {
      await tx.run(sql`ROLLBACK TO batch`);
      journal.outcomes.length = decidedBefore;
      journal.messages.length = decidedBefore;
      throw error;
    } finally {
      await tx.run(sql`RELEASE batch`);
    }
  }
  const plain: Store = { ...store, write: (_signal, work) => inSavepoint(work) };
  const answering: Store = {
    ...store,
    async write(_signal, work) {
      const result = await inSavepoint(work);
      if (fault !== "answer-lost") return result;
      fault = "none";
      throw new StoreError("COMMIT failed, its outcome is unknown", "commit-unknown", "TEST");
    },
  };
  const faultHook: FaultHook = (point) => {
    if (point !== "before-commit" || fault !== "before-commit") return;
    fault = "none";
    throw new StoreError("disk full", "transient", "TEST");
  };
  return { plain, answering, faultHook, failNext: (next: Fault) => void (fault = next) };
}

/** Nobody takes anything out of it. */
function laneOf(store: Store) {
  const unread = nothingUnread;
  return createRelayLane({ store, instanceId, unread, bufferRows: 1, pageRows: 1, onChange: () => {} });
}

/** Gives messages as they would be polled: each behind the last one of its partition. */
function createLog<K extends EventType>() {
  const ends = new Map<string, number>();
  return {
    append({ event, traceparent }: Received<K>): KafkaMessage {
      const { topic, key, value } = encode(event as OrderEvent, "intake");
      const partition = partitionOf(event as OrderEvent);
      const offset = ends.get(`${topic}/${partition}`) ?? 0;
      ends.set(`${topic}/${partition}`, offset + 1);
      const bytes = Object.entries(headers(traceparent)).map(([name, text]) => ({ [name]: Buffer.from(text) }));
      return { topic, partition, offset, key, value, timestamp: 1, headers: bytes };
    },
  };
}

const partitionOf = ({ orderId }: OrderEvent) => orderId.charCodeAt(orderId.length - 1) % partitions;

/** Messages by topic and partition, in their order. */
export function logsOf(messages: readonly Received[]): Map<string, Received[]> {
  const logs = new Map<string, Received[]>();
  for (const message of messages) {
    const where = `${message.event.type}/${partitionOf(message.event)}`;
    logs.set(where, [...(logs.get(where) ?? []), message]);
  }
  return logs;
}
