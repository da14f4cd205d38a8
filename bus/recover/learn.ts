import { decode } from "#contracts/envelope.ts";
import type { EventType, OrderEvent } from "#contracts/events.ts";
import { type Service, topics } from "#contracts/topics.ts";
import type { Transaction } from "#db/connection.ts";
import { recordRound, startInstance, stopInstance } from "#db/instances.ts";
import { readOffsets, restartOffsets } from "#db/offsets.ts";
import type { Store } from "#db/open-store.ts";
import { insertOutbox, knownMessageIds, moveHorizon, type OutboxMessage } from "#db/outbox.ts";
import type { RoundEnds } from "#db/shared/schema.ts";
import type { LogRange } from "#kafka/admin.ts";
import { readLogs } from "#kafka/read-logs.ts";
import { consumerSettings } from "#kafka/settings.ts";
import type { ClientProperties, KafkaMessage } from "#kafka/upstream.ts";
import type { BatchHandler } from "../batch-handler.ts";
import type { BrokerView } from "../consume/broker-view.ts";
import { PERSISTENT } from "../consume/incarnation.ts";
import { outboxMessage } from "../relay/outbox-messages.ts";
import type { FactName, OrderFacts, Recovery } from "./recovery.ts";
import { traceparentOf } from "../batch/records.ts";
import { type Begin, ownFactsKnownSinceMs, placesToBegin } from "./where-to-begin.ts";

export interface LearnOptions {
  readonly handler: Pick<BatchHandler, "service" | "groupId" | "reads">;
  readonly recovery: Recovery;
  /** The service's, or a copy of it for a dry run. */
  readonly store: Store;
  readonly instanceId: string;
  readonly client: ClientProperties;
  readonly broker: BrokerView;
  readonly incarnation: string;
  /** The service may have published what its store does not know. */
  readonly isBlind: boolean;
  readonly signal: AbortSignal;
}

/** What was, or would be, learned and done. */
export interface LearnReport {
  /** Messages of the service that its topics have. */
  readonly facts: number;
  /** Of those, the ones that its outbox did not have. */
  readonly restored: number;
  /** Rows that were added or moved on. */
  readonly rows: number;
  /** Messages that were committed with learned ones and never reached their topics: they go out now. */
  readonly completed: number;
  readonly problems: readonly string[];
  /** What follows for a person. */
  readonly advice: readonly string[];
  /** When the store last read a message, epoch ms; undefined for one that never did. */
  readonly storeReadUntilMs: number | undefined;
  readonly begins: readonly Begin[];
}

/** Nothing that can be done with what the broker has. */
export class CannotRecoverError extends Error {
  override readonly name = "CannotRecoverError";
}

/** Orders a transaction. */
const ordersAtOnce = 500;

/**
 * Learns what the service published, from its topics; puts those messages back into its outbox, byte for byte; and writes
 * where its group goes on: from the start of each log. Harmless on a store that knows it all. Ended half-way it is to be
 * done again from its beginning.
 * @throws CannotRecoverError; KafkaError and StoreError
 */
export async function learn(options: LearnOptions, sign?: (tx: Transaction) => Promise<void>): Promise<LearnReport> {
  const { handler, recovery, store, broker, incarnation, signal } = options;
  const all = [...new Set([...recovery.learnsFrom, ...handler.reads])];
  const ranges = await broker.logRanges(await broker.partitionsOf(all));
  refuseForgetful(options, ranges);
  const rows = await store.read(signal, (database) => readOffsets(database, handler.groupId));
  const storeReadUntilMs = rows.length > 0 ? Math.max(...rows.map(({ updatedAtMs }) => updatedAtMs)) : undefined;
  const begins = await placesToBegin(options, ranges, rows, storeReadUntilMs, Date.now());

  const restorer = createRestorer(options);
  await restorer.begin();
  const partitions = new Set(ranges.map(({ partition }) => partition));
  const sums = { facts: 0, restored: 0, rows: 0, completed: 0 };
  const problems: string[] = [];
  for (const partition of partitions) {
    // All that is told of an order is in partitions of one number, so memory holds a twelfth of the topics.
    const slices = ranges.filter((range) => range.partition === partition && isIn(recovery.learnsFrom, range.topic));
    const told = await readFacts(options, slices);
    sums.facts += told.own;
    for (let from = 0; from < told.orders.length; from += ordersAtOnce) {
      signal.throwIfAborted();
      const learned = await restorer.take(told.orders.slice(from, from + ordersAtOnce));
      sums.rows += learned.rows;
      sums.restored += learned.restored;
      sums.completed += learned.completed;
      problems.push(...learned.problems);
    }
  }
  const advice = await store.write(signal, async (tx) => {
    const nowMs = Date.now();
    const said = await recovery.settle(tx, nowMs);
    const starts = begins.map(({ topic, partition, next }) => ({ topic, partition, next, incarnation }));
    await restartOffsets(tx, handler.groupId, starts, nowMs);
    await restorer.end(tx, ranges, nowMs);
    await sign?.(tx);
    return said;
  });
  return { ...sums, problems, advice, storeReadUntilMs, begins };
}

/** The embedded broker drops what all readers have committed: then the facts of a lost store are nowhere. */
function refuseForgetful({ incarnation, handler }: LearnOptions, ranges: readonly LogRange[]): void {
  if (incarnation === PERSISTENT || ranges.every(({ start }) => start === 0)) return;
  throw new CannotRecoverError(
    `this is the embedded broker, which drops what all have read: what ${handler.service} had published cannot be learned ` +
      `from it. It is for development: stop the shop, delete the stores of all four services, and start it again`,
  );
}

interface ToldOrder extends OrderFacts {
  /** What the service itself published. */
  readonly own: readonly OutboxMessage[];
}

async function readFacts({ handler, recovery, client, signal }: LearnOptions, slices: readonly LogRange[]) {
  const orders = new Map<string, { told: Map<FactName, OrderEvent>; own: Map<string, OutboxMessage> }>();
  let own = 0;
  await readLogs(
    consumerSettings(client, { groupId: handler.groupId }),
    slices,
    (record) => {
      const topic = record.topic as EventType;
      const decoded = decode(topic, record.key, record.value);
      // Poison is no fact of ours.
      if (!decoded.ok) return;
      const { event, id, source } = decoded;
      const isWriter = topics[topic].writers.includes(handler.service);
      if (isWriter && source !== handler.service) return;
      const order = orders.get(event.orderId) ?? { told: new Map(), own: new Map() };
      orders.set(event.orderId, order);
      const name = factName(event);
      if (!order.told.has(name)) order.told.set(name, event);
      if (!isWriter || order.own.has(id)) return;
      own += 1;
      order.own.set(id, rowOf(id, record));
    },
    { signal },
  );
  // As they were committed, more or less: topics are read in no order.
  const place = ({ topic }: OutboxMessage) => recovery.learnsFrom.findIndex((name) => name === topic);
  const byTopic = (a: OutboxMessage, b: OutboxMessage) => place(a) - place(b);
  const told = [...orders].map(([orderId, order]): ToldOrder => {
    return { orderId, told: (name) => order.told.get(name) as never, own: [...order.own.values()].toSorted(byTopic) };
  });
  return { own, orders: told };
}

function factName(event: OrderEvent): FactName {
  return event.type === "payment.void" ? `payment.void/${event.data.cause}` : event.type;
}

function rowOf(id: string, record: KafkaMessage): OutboxMessage {
  const { topic, key, value } = record;
  return { messageId: id, topic, key, value, traceparent: traceparentOf(record), headers: null };
}

/** Writes what was learned, some orders at a time. */
function createRestorer({ handler, recovery, store, instanceId, isBlind, signal }: LearnOptions) {
  // In the name of an instance of its own, as they are published already.
  const restoredBy = `${handler.service}/recovered`;
  let lastSeq = 0;
  return {
    begin: () => store.write(signal, async (tx) => void (await startInstance(tx, restoredBy, Date.now()))),
    take: (orders: readonly ToldOrder[]) =>
      store.write(signal, async (tx) => {
        const nowMs = Date.now();
        const learned = await recovery.learn(tx, orders);
        const published = await unknownOf(
          tx,
          orders.flatMap(({ own }) => own),
        );
        if (published.length > 0) {
          lastSeq = (await insertOutbox(tx, restoredBy, published, nowMs)) + published.length - 1;
          await recordRound(tx, { instanceId: restoredBy, lastSeq, ends: {} });
        }
        const missing = await unknownOf(
          tx,
          learned.missing.map((event) => unpublished(event, handler.service)),
        );
        if (missing.length > 0) await insertOutbox(tx, instanceId, missing, nowMs);
        const { rows, problems } = learned;
        return { rows, problems, restored: published.length, completed: missing.length };
      }),
    /** Counts what was restored as read when every group is past what is in the topics now. */
    async end(tx: Transaction, ranges: readonly LogRange[], nowMs: number): Promise<void> {
      const isOwn = ({ topic }: LogRange) => topics[topic as EventType].writers.includes(handler.service);
      if (lastSeq > 0) await recordRound(tx, { instanceId: restoredBy, lastSeq, ends: endsOf(ranges.filter(isOwn)) });
      // What the store had lost, and its topics let go of, is in no outbox any more.
      const knownSinceMs = ownFactsKnownSinceMs(handler.service, ranges, nowMs);
      if (isBlind && knownSinceMs !== undefined) await moveHorizon(tx, knownSinceMs);
      await stopInstance(tx, restoredBy, nowMs);
    },
  };
}

/** No trace: it ended with the process that had it. */
const unpublished = (event: OrderEvent, service: Service) => outboxMessage({ event, traceparent: null }, service);

async function unknownOf(tx: Transaction, messages: readonly OutboxMessage[]): Promise<OutboxMessage[]> {
  if (messages.length === 0) return [];
  const known = new Set(
    await knownMessageIds(
      tx,
      messages.map((message) => message.messageId),
    ),
  );
  return messages.filter((message) => !known.has(message.messageId));
}

function endsOf(ranges: readonly LogRange[]): RoundEnds {
  const ends: Record<string, Record<string, number>> = {};
  for (const { topic, partition, end } of ranges) (ends[topic] ??= {})[partition] = end;
  return ends;
}

const isIn = (list: readonly string[], name: string) => list.includes(name);
