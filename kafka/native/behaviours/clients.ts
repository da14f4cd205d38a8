// Upstream's own API, nothing of our typed surface: what these tests claim is asked of upstream's own build too.
import rdkafka from "@confluentinc/kafka-javascript";
import process from "node:process";

/** True where `npm run compare:upstream` runs the tests with the addon as upstream builds it, on Node. */
export const IS_UPSTREAMS_BUILD = process.env["ORDERWRIGHT_UPSTREAMS_BUILD"] === "1";

type Listener = (...values: never[]) => void;
type Done<T = unknown> = (error: ClientError | null | undefined, value: T) => void;
type Properties = Readonly<Record<string, unknown>>;

export interface ClientError extends Error {
  readonly code: number;
  readonly isFatal?: boolean;
  readonly isTxnRequiresAbort?: boolean;
}

export interface Place {
  readonly topic: string;
  readonly partition: number;
}

export interface Consumed extends Place {
  readonly offset: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly size: number;
  readonly timestamp: number;
  readonly headers?: readonly Readonly<Record<string, Uint8Array>>[];
}

export interface Report extends Place {
  readonly offset: number;
  readonly timestamp?: number;
  readonly opaque?: unknown;
}

interface Client {
  on(event: string, listener: Listener): this;
  once(event: string, listener: Listener): this;
  connect(options: object, done?: Listener): this;
  isConnected(): boolean;
  getMetadata(options: object, done: Done): void;
}

export interface Producer extends Client {
  produce(topic: string, partition: number | null, value: unknown, ...more: unknown[]): unknown;
  setPollInterval(ms: number): this;
  flush(timeoutMs: number, done: Done): this;
  disconnect(flushTimeoutMs: number, done?: Listener): this;
  initTransactions(timeoutMs: number, done: Done): void;
  beginTransaction(done: Done): void;
  commitTransaction(timeoutMs: number, done: Done): void;
  abortTransaction(timeoutMs: number, done: Done): void;
  sendOffsetsToTransaction(offsets: readonly object[], group: Consumer, timeoutMs: number, done: Done): void;
}

export interface Consumer extends Client {
  subscribe(topics: readonly string[]): this;
  unsubscribe(): this;
  assign(places: readonly object[]): this;
  unassign(): this;
  incrementalAssign(places: readonly object[]): this;
  incrementalUnassign(places: readonly object[]): this;
  assignments(): Place[];
  rebalanceProtocol(): string;
  consume(count: number, done: Done<Consumed[]>): void;
  consume(done?: Done<Consumed>): void;
  commitSync(offset: object): void;
  committed(places: readonly Place[], timeoutMs: number, done: Done<{ readonly offset?: number }[]>): void;
  setDefaultConsumeTimeout(ms: number): void;
  setDefaultIsTimeoutOnlyForFirstMessage(on: boolean): void;
  disconnect(done?: Listener): this;
}

export interface Admin {
  createTopic(topic: object, timeoutMs: number, done: Done): void;
  createPartitions(topic: string, total: number, timeoutMs: number, done: Done): void;
  deleteTopic(topic: string, timeoutMs: number, done: Done): void;
  listTopics(options: object, done: Done<string[]>): void;
  listGroups(options: object, done: Done<{ readonly groups: readonly { readonly groupId: string }[] }>): void;
  describeGroups(
    groups: readonly string[],
    options: object,
    done: Done<{ readonly groups: readonly GroupState[] }>,
  ): void;
  deleteGroups(groups: readonly string[], options: object, done: Done<readonly GroupDeletion[]>): void;
  deleteRecords(offsets: readonly object[], options: object, done: Done<readonly object[]>): void;
  listOffsets(places: readonly object[], options: object, done: Done<readonly { readonly offset: number }[]>): void;
  disconnect(): void;
}
interface GroupState {
  readonly groupId: string;
  readonly state: number;
  readonly members: readonly object[];
}
interface GroupDeletion {
  readonly groupId: string;
  readonly errorCode: number;
}

// The cast of this module: upstream's declarations leave out what it has, and refuse the wrong values that are tried here.
const upstream = rdkafka as unknown as {
  readonly Producer: new (properties: Properties, topic?: Properties) => Producer;
  readonly KafkaConsumer: new (properties: Properties, topic?: Properties) => Consumer;
  readonly AdminClient: { create(properties: Properties): Admin };
  readonly CODES: { readonly ERRORS: Readonly<Record<string, number>> };
};
export const CODES = upstream.CODES.ERRORS;

/** Resolves with what the callback is given, or rejects with its error. */
export function done<T = unknown>(start: (callback: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => start((error, value) => (error ? reject(error) : resolve(value))));
}

/** Waits until the condition holds; the test's own time limit ends a wait in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

export function newProducer(bootstrapServers: string, properties: Properties = {}): Producer {
  const producer = new upstream.Producer({ "bootstrap.servers": bootstrapServers, dr_cb: true, ...properties });
  return producer.on("event.error", () => {});
}

export async function openProducer(bootstrapServers: string, properties: Properties = {}): Promise<Producer> {
  const producer = newProducer(bootstrapServers, properties);
  await done((callback) => producer.connect({ timeout: 10_000 }, callback));
  return producer.setPollInterval(5);
}

export function newConsumer(bootstrapServers: string, group: string, properties: Properties = {}): Consumer {
  const own = { "enable.auto.commit": false, "session.timeout.ms": 6_000, "heartbeat.interval.ms": 200 };
  const names = { "bootstrap.servers": bootstrapServers, "group.id": group };
  const consumer = new upstream.KafkaConsumer(
    { ...names, ...own, "topic.metadata.refresh.interval.ms": 500, ...properties },
    { "auto.offset.reset": "earliest" },
  );
  consumer.setDefaultConsumeTimeout(100);
  consumer.setDefaultIsTimeoutOnlyForFirstMessage(true);
  return consumer.on("event.error", () => {});
}

export async function openConsumer(
  bootstrapServers: string,
  group: string,
  properties: Properties = {},
): Promise<Consumer> {
  const consumer = newConsumer(bootstrapServers, group, properties);
  await done((callback) => consumer.connect({ timeout: 10_000 }, callback));
  return consumer;
}

/** Consumes until so many messages are there. */
export async function consumeFor(consumer: Consumer, count: number): Promise<Consumed[]> {
  const messages: Consumed[] = [];
  while (messages.length < count) {
    messages.push(...(await done<Consumed[]>((callback) => consumer.consume(count - messages.length, callback))));
  }
  return messages;
}

export function close(client: { disconnect(done: () => void): unknown } | Producer): Promise<void> {
  return new Promise((resolve) => {
    if ("produce" in client) client.disconnect(2_000, () => resolve());
    else client.disconnect(() => resolve());
  });
}

export function newAdmin(bootstrapServers: string): Admin {
  return upstream.AdminClient.create({ "bootstrap.servers": bootstrapServers });
}
