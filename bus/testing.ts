// For tests only: a broker, a store and a service of their own.
import { sql } from "drizzle-orm";
import { encode, headers } from "#contracts/envelope.ts";
import type { EventType, OrderEvent } from "#contracts/events.ts";
import { deadLetterTopic, groups, topics } from "#contracts/topics.ts";
import type { Transaction } from "#db/connection.ts";
import type { Migration } from "#db/migrate.ts";
import type { Store } from "#db/open-store.ts";
import { deadLettersForOperators, operatorsTrail, sharedTables } from "#db/shared/migrations.ts";
import { startEmbeddedBroker, type EmbeddedBroker } from "#kafka/embedded-broker/start.ts";
import { openTemporaryStore, type TemporaryStore } from "#db/temporary-store.ts";
import type { OutgoingMessage } from "#kafka/outgoing-message.ts";
import { openProducer, type KafkaProducer } from "#kafka/producer.ts";
import { baseProperties, producerSettings } from "#kafka/settings.ts";
import { openTestLoop, sendAll, until } from "#kafka/testing.ts";
import type { KafkaMessage } from "#kafka/upstream.ts";
import type { BatchHandler, Handled, Received } from "./batch-handler.ts";
import type { LogEntry } from "./log.ts";
import { createBusMetrics, type BusMetrics } from "./metrics.ts";
import { busSettings, type BusSettings } from "./settings.ts";
import { startBus, type Bus, type BusOptions } from "./start-bus.ts";

export const testMigrations: readonly Migration[] = [
  sharedTables,
  operatorsTrail,
  deadLettersForOperators,
  {
    name: "test",
    statements: [
      `CREATE TABLE handled (
        order_id TEXT PRIMARY KEY NOT NULL,
        quantity INTEGER NOT NULL CHECK (quantity <> 13),
        times INTEGER NOT NULL
      ) STRICT`,
    ],
  },
];

/** Stock without goods: keeps each order once and refuses it; of a quantity it may be told to fail. */
export interface TestService extends BatchHandler<"order.start"> {
  /** Called inside the transaction with what the handler was given. */
  onHandle: (tx: Transaction, messages: readonly Received<"order.start">[]) => void | Promise<void>;
}

export function createTestService(): TestService {
  const service: TestService = {
    discard: () => Promise.resolve({ outbox: [], outcomes: ["discarded"] }),
    service: "stock",
    groupId: groups.stock,
    reads: ["order.start"],
    onHandle: () => {},
    async handle(tx, messages, nowMs): Promise<Handled> {
      await service.onHandle(tx, messages);
      const rows = messages.map(({ event }) => [event.orderId, event.data.lines[0]?.quantity ?? 0]);
      const saved = await tx.all<{ id: string; times: number }>(sql`
        INSERT INTO handled (order_id, quantity, times) SELECT value ->> 0, value ->> 1, 1
        FROM json_each(${JSON.stringify(rows)}) WHERE true
        ON CONFLICT DO UPDATE SET times = times + 1 RETURNING order_id AS id, times`);
      const fresh = new Set(saved.filter(({ times }) => times === 1).map(({ id }) => id));
      return {
        outcomes: messages.map(({ event }) => (fresh.has(event.orderId) ? "refused" : "duplicate")),
        outbox: messages
          .filter(({ event }) => fresh.has(event.orderId))
          .map(({ event, traceparent }) => {
            const data = { reason: "stock-short" as const, shortLines: [] };
            return { event: { type: "stock.failed", orderId: event.orderId, atMs: nowMs, data }, traceparent };
          }),
      };
    },
  };
  return service;
}

export function handledOrders(store: Store): Promise<{ id: string; times: number }[]> {
  const { signal } = new AbortController();
  return store.read(signal, (db) =>
    db.all<{ id: string; times: number }>(sql`SELECT order_id AS id, times FROM handled ORDER BY order_id`),
  );
}

/** The n-th order id, a UUIDv7. */
export function orderId(n: number): string {
  return `01890000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`;
}

export function orderStart(n: number, quantity = 1): OrderEvent<"order.start"> {
  const data = { customerId: "c", currency: "GBP", lines: [{ productId: "p", quantity }] };
  return { type: "order.start", orderId: orderId(n), atMs: 1_700_000_000_000, data };
}

/** The messages that begin the orders from the first number up to the second. */
export const starts = (from: number, to: number) => range(from, to).map((n) => messageOf(orderStart(n)));

export function messageOf(event: OrderEvent, traceparent: string | null = null): OutgoingMessage {
  const { topic, key, value } = encode(event, "intake");
  return { topic, key, value, headers: headers(traceparent) };
}

/** What is in `handled` when these were handled once each. */
export const onceEach = (numbers: readonly number[]) => numbers.map((n) => ({ id: orderId(n), times: 1 }));

export const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

export function startTestBroker(port = 0): Promise<EmbeddedBroker> {
  const origins = Object.values(topics);
  return startEmbeddedBroker({ port, topics: [...origins, ...origins.map(deadLetterTopic)] });
}

/** Waits short enough for a test. */
export const testSettings: BusSettings = {
  ...busSettings({}),
  sessionTimeoutMs: 6_000,
  watchIntervalMs: 50,
  backOffMinMs: 10,
  backOffMaxMs: 100,
  commitIntervalMs: 20,
};

export interface TestBus extends Bus {
  readonly metrics: BusMetrics;
  readonly entries: LogEntry[];
}

export async function startTestBus(
  broker: Pick<EmbeddedBroker, "bootstrapServers">,
  store: Store,
  options: Partial<Omit<BusOptions<EventType>, "handler">> & { readonly handler?: BatchHandler<"order.start"> } = {},
): Promise<TestBus> {
  const entries: LogEntry[] = [];
  const metrics = createBusMetrics();
  const bus = await startBus<"order.start">({
    handler: createTestService(),
    store,
    client: baseProperties(broker.bootstrapServers),
    settings: testSettings,
    instanceId: "stock-1",
    metrics,
    log: (entry) => void entries.push(entry),
    ...options,
  });
  return { ...bus, metrics, entries };
}

/** Everything that a topic has, once it has so many. */
export async function readTopic(
  broker: Pick<EmbeddedBroker, "bootstrapServers">,
  topic: string,
  count: number,
): Promise<KafkaMessage[]> {
  const loop = await openTestLoop(baseProperties(broker.bootstrapServers), [topic], {
    groupId: `reader-${Math.random()}`,
  });
  const messages: KafkaMessage[] = [];
  try {
    await until(`${count} messages in ${topic}`, async () => {
      messages.push(...(await loop.poll(1_000, 50)));
      return messages.length >= count;
    });
  } finally {
    await loop.close();
  }
  return messages;
}

export { until };

/** A broker, a producer and a store for one test, and buses that end with it. */
export interface Rig {
  readonly broker: EmbeddedBroker;
  readonly temporary: TemporaryStore;
  readonly store: Store;
  start(options?: Parameters<typeof startTestBus>[2]): Promise<TestBus>;
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  /** As the test service has them in its store. */
  handled(): ReturnType<typeof handledOrders>;
  untilHandled(count: number): Promise<void>;
  /** Kills the broker and starts it on the same port: all that it had is gone. */
  restartBroker(): Promise<void>;
  end(): Promise<void>;
}

export async function createRig(): Promise<Rig> {
  const temporary = await openTemporaryStore(testMigrations);
  const buses: TestBus[] = [];
  let broker = await startTestBroker();
  let producer: KafkaProducer | undefined;
  const handled = () => handledOrders(temporary.store);
  return {
    handled,
    untilHandled: (count) => until(`${count} handled`, async () => (await handled()).length === count),
    get broker() {
      return broker;
    },
    temporary,
    store: temporary.store,
    async start(options = {}) {
      const bus = await startTestBus(broker, temporary.store, options);
      buses.push(bus);
      return bus;
    },
    async send(messages) {
      const client = baseProperties(broker.bootstrapServers);
      const options = { lingerMs: 20, deliveryTimeoutMs: 10_000 };
      producer ??= await openProducer(producerSettings(client, options, { missing: {} }));
      await sendAll(producer, messages);
    },
    async restartBroker() {
      await producer?.close(0);
      producer = undefined;
      await broker.kill9();
      broker = await startTestBroker(broker.port);
    },
    async end() {
      for (const bus of buses) await bus.stop(0);
      await producer?.close(0);
      await temporary.remove();
      await broker.stop();
    },
  };
}
