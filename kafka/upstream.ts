// The one place where upstream's JavaScript layer is imported and its loose types are made exact: index.d.ts leaves out
// calls that we need (incrementalAssign, assignmentLost ...) and says `any` where this says what arrives.
import rdkafka from "@confluentinc/kafka-javascript";

/** librdkafka properties by name. */
export type ClientProperties = Readonly<Record<string, string | number | boolean>>;

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: number;
}

/** An offset to commit, or one that a group committed. Metadata is any text; brokers take up to 4,096 bytes by default. */
export interface CommittedOffset extends TopicPartitionOffset {
  readonly metadata?: string | null;
}

/** A consumed record, with upstream's names. `timestamp` is in ms since the epoch, -1 where there is none. */
export interface KafkaMessage extends TopicPartitionOffset {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly timestamp: number;
  /** One object with one key for each header, in the order of the record: a name may come twice, a value be none. */
  readonly headers?: readonly Readonly<Record<string, Uint8Array | null>>[];
}

/** What upstream hands to callbacks. `code` is librdkafka's, or -1 where only a text came. */
export interface UpstreamError extends Error {
  readonly code: number;
  readonly isFatal?: boolean;
}

/** A line of librdkafka's log. `severity` as in syslog: 0 emergency ... 3 error, 4 warning, 6 information, 7 debug. */
export interface ClientLog {
  readonly severity: number;
  readonly fac: string;
  readonly message: string;
}

export type Callback<T = unknown> = (error: UpstreamError | null | undefined, value: T) => void;

export interface Metadata {
  readonly brokers: readonly { readonly id: number; readonly host: string; readonly port: number }[];
  readonly topics: readonly { readonly name: string; readonly partitions: readonly { readonly id: number }[] }[];
}

export interface Client {
  on(event: "event.log", listener: (log: ClientLog) => void): this;
  on(event: "event.error", listener: (error: UpstreamError) => void): this;
  off(event: "event.log", listener: (log: ClientLog) => void): this;
  removeAllListeners(): this;
  connect(options: { timeout: number; allTopics: boolean }, done: Callback<Metadata>): this;
  getMetadata(options: { timeout: number; allTopics: boolean; topic?: string }, done: Callback<Metadata>): void;
  queryWatermarkOffsets(topic: string, partition: number, timeoutMs: number, done: Callback<Watermarks>): void;
  /** Asked with times in ms in the place of offsets. An answer of -1 is the log's end. */
  offsetsForTimes(
    times: readonly TopicPartitionOffset[],
    timeoutMs: number,
    done: Callback<readonly TopicPartitionOffset[]>,
  ): void;
}

export interface Watermarks {
  readonly lowOffset: number;
  readonly highOffset: number;
}

export interface Producer extends Client {
  setPollInBackground(on: boolean): this;
  flush(timeoutMs: number, done: Callback): this;
  disconnect(flushTimeoutMs: number, done: () => void): this;
  /** The native object: what we add to it in native/batch, where each is described. Upstream's `produce` is not used. */
  readonly _client: {
    /** @param tell called with results as readResults takes them, of no batch when there is only room again */
    openDeliveries(tell: (results: ArrayBuffer) => void): void;
    topicNumber(topic: string): number;
    producePacked(numbers: Buffer, bytes: Buffer): number;
    closeDeliveries(): ArrayBuffer;
  };
  /** Throws the error of a code that is not 0. */
  _errorWrap(code: number): void;
}

export interface Consumer extends Client {
  subscribe(topics: readonly string[]): this;
  assign(offsets: readonly TopicPartitionOffset[]): this;
  unassign(): this;
  incrementalAssign(offsets: readonly TopicPartitionOffset[]): this;
  incrementalUnassign(partitions: readonly TopicPartition[]): this;
  assignmentLost(): boolean;
  setDefaultIsTimeoutOnlyForFirstMessage(on: boolean): void;
  /** The native object: what we add to it in native/batch. */
  readonly _client: {
    /** @param done the messages as unpackMessages takes them */
    consumePacked(
      timeoutMs: number,
      count: number,
      done: (error: UpstreamError | null, bytes: Buffer, names: string[], count: number) => void,
    ): void;
  };
  seek(offset: TopicPartitionOffset, timeoutMs: number, done: Callback): this;
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  commit(offsets: readonly CommittedOffset[]): this;
  committed(partitions: readonly TopicPartition[], timeoutMs: number, done: Callback<CommittedOffset[]>): this;
  getWatermarkOffsets(topic: string, partition: number): Watermarks;
  disconnect(done: () => void): this;
}

export interface NewTopic {
  readonly topic: string;
  readonly num_partitions: number;
  readonly replication_factor: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface Admin {
  createTopic(topic: NewTopic, timeoutMs: number, done: Callback): void;
}

export interface ConsumerCallbacks {
  /** @param code ERR__ASSIGN_PARTITIONS, ERR__REVOKE_PARTITIONS, or that of an error */
  readonly onRebalance: (code: number, partitions: TopicPartition[]) => void;
  readonly onCommitted: (error: UpstreamError | undefined, offsets: TopicPartitionOffset[]) => void;
}

interface ConsumerInternals {
  readonly _cb_configs: { readonly global: { rebalance_cb: ConsumerCallbacks["onRebalance"] } };
  once(event: "disconnected", listener: () => void): void;
}

interface Upstream {
  readonly Producer: new (properties: Record<string, unknown>) => Producer;
  readonly KafkaConsumer: new (properties: Record<string, unknown>) => Consumer & ConsumerInternals;
  readonly AdminClient: { createFrom(client: Client): Admin };
  readonly CODES: { readonly ERRORS: Readonly<Record<string, number>> };
}

// The cast of this module: upstream's declarations and its JavaScript disagree, and the interfaces above follow the latter.
const upstream = rdkafka as unknown as Upstream;

/** librdkafka's and Kafka's error codes by upstream's names, such as ERR__TRANSPORT or ERR_MSG_SIZE_TOO_LARGE. */
export const ERROR_CODES: Readonly<Record<string, number>> = upstream.CODES.ERRORS;

/** Throws the native error for a property that does not exist or has an impossible value. */
export function newProducer(properties: ClientProperties): Producer {
  return new upstream.Producer({ ...properties });
}

/** The error that upstream throws for a code. */
export function upstreamError(client: Producer, code: number): UpstreamError {
  try {
    client._errorWrap(code);
  } catch (error) {
    return error as UpstreamError;
  }
  throw new RangeError(`${code} is no error`);
}

/** Throws like newProducer. Without callbacks it is for `assign`, not for a group's rebalances. */
export function newConsumer(properties: ClientProperties, callbacks?: ConsumerCallbacks): Consumer {
  if (!callbacks) return new upstream.KafkaConsumer({ ...properties });
  const { onRebalance, onCommitted } = callbacks;
  const client = new upstream.KafkaConsumer({
    ...properties,
    rebalance_cb: onRebalance,
    offset_commit_cb: onCommitted,
  });
  // Upstream never removes a rebalance callback (config.cc tests for NULL the wrong way round) and wraps ours in one that
  // holds the client: each closed consumer would stay in memory, with all that our callback holds. Ours, put in the place of
  // the wrapper before connect hands it to librdkafka, holds nothing once the client is closed.
  let listener: ConsumerCallbacks["onRebalance"] | undefined = onRebalance;
  client._cb_configs.global.rebalance_cb = (code, partitions) => listener?.(code, partitions);
  client.once("disconnected", () => (listener = undefined));
  return client;
}

/** An admin client that shares the connections of a connected client, and may not outlive it. */
export function newAdmin(client: Client): Admin {
  return upstream.AdminClient.createFrom(client);
}
