import { connect, type ConnectOptions } from "./connect.ts";
import { deliveryError, KafkaError } from "./errors.ts";
import { newProducer, type ClientProperties, type DeliveryReport, type Producer } from "./upstream.ts";
import { type TopicPartitionOffset, type UpstreamError, type UpstreamHeader } from "./upstream.ts";

export interface OutgoingMessage {
  readonly topic: string;
  /** Decides the partition: equal keys, equal partition. */
  readonly key: string | Uint8Array | null;
  readonly value: string | Uint8Array | null;
  /** Few, please: each costs about as much as the message. Messages that share one object convert it once. */
  readonly headers?: Readonly<Record<string, string | Uint8Array>>;
  /** Default: now. */
  readonly timestampMs?: number;
  /** Default: chosen by the key. */
  readonly partition?: number;
}

export interface SendResult {
  /** For each partition that acknowledged something of this batch: the offset after the last of it. */
  readonly ends: readonly TopicPartitionOffset[];
  /** What was not acknowledged, by index; empty when all is well. `retriable` may or may not be in the log. */
  readonly failed: readonly { readonly index: number; readonly error: KafkaError }[];
}

export interface KafkaProducer {
  /**
   * Sends a batch and resolves when every message of it was acknowledged by all in-sync replicas, or failed. Batches go out
   * in the order of the calls; waits while the client's queue is full.
   * @throws KafkaError of kind message, before anything is sent, for a message that cannot be one; fatal when closed
   */
  send(messages: readonly OutgoingMessage[]): Promise<SendResult>;
  /** Sends what lingers, and resolves when all reports are there, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
  /** Waits up to `flushTimeoutMs` (default 5,000) for reports; what has none then fails as retriable. */
  close(flushTimeoutMs?: number): Promise<void>;
}

interface Batch {
  /** What the reports of its messages bring back is this and their index: a number, since an object costs a reference. */
  readonly firstOpaque: number;
  readonly messages: readonly OutgoingMessage[];
  readonly reported: Uint8Array;
  readonly ends: Map<string, number[]>;
  readonly failed: { index: number; error: KafkaError }[];
  readonly done: () => void;
  pending: number;
}

/** @throws KafkaError when it cannot connect; see connect.ts */
export async function openProducer(settings: ClientProperties, options: ConnectOptions = {}): Promise<KafkaProducer> {
  const open = new Map<number, Batch>();
  let nextOpaque = 0;
  let roomMade: (() => void) | undefined;
  let fatalReason: string | undefined;
  const client = createClient(settings, (error, report) => {
    const index = (report.opaque as number) % BATCH_LIMIT;
    const batch = open.get((report.opaque as number) - index);
    if (!batch) return; // failed at the end of close() already
    if (error) fail(batch, index, deliveryError(error, batch.messages[index]?.topic, fatalReason));
    else acknowledge(batch, index, report);
    roomMade?.();
  });
  client.on("event.log", (log) => {
    // A fenced or otherwise broken producer purges its queue: the reports say only that, the log says why.
    if (log.fac === "FATAL") fatalReason = log.message;
  });
  await connect(client, settings, options);
  // Reports then come from librdkafka's own thread as soon as the broker has answered, not at the next turn of a timer.
  client.setPollInBackground(true);

  let queue = Promise.resolve();
  let closing: Promise<void> | undefined;

  async function enqueue(batch: Batch): Promise<void> {
    const headersOf = headerCache();
    for (let index = 0; index < batch.messages.length;) {
      const error = produce(client, batch, index, headersOf);
      if (error?.code === QUEUE_FULL) {
        await new Promise<void>((resolve) => (roomMade = resolve));
        continue;
      }
      if (error) fail(batch, index, deliveryError(error, batch.messages[index]?.topic, fatalReason));
      index++;
    }
  }

  return {
    async send(messages) {
      if (closing) throw new KafkaError("fatal", "ERR__STATE", "send: the producer is closed");
      if (messages.length > BATCH_LIMIT)
        throw new KafkaError("message", "ERR__INVALID_ARG", `send: more than ${BATCH_LIMIT} messages in a batch`);
      messages.forEach(check);
      if (messages.length === 0) return { ends: [], failed: [] };
      const firstOpaque = nextOpaque;
      nextOpaque = (nextOpaque + BATCH_LIMIT) % 2 ** 52; // numbers beyond are not exact
      const batch = await new Promise<Batch>((resolve) => {
        const started: Batch = newBatch(firstOpaque, messages, () => resolve(started));
        open.set(firstOpaque, started);
        queue = queue.then(() => enqueue(started));
      });
      open.delete(firstOpaque);
      return resultOf(batch);
    },
    async flush(timeoutMs) {
      await new Promise<void>((resolve) => client.flush(timeoutMs, () => resolve()));
    },
    close(flushTimeoutMs = 5_000) {
      closing ??= (async () => {
        await new Promise<void>((resolve) => client.disconnect(flushTimeoutMs, resolve));
        client.removeAllListeners();
        roomMade?.();
        for (const batch of open.values()) failTheRest(batch);
      })();
      return closing;
    },
  };
}

/** Messages in one batch. */
const BATCH_LIMIT = 2 ** 20;
const QUEUE_FULL = -184; // ERR__QUEUE_FULL; a literal because it is compared for every message

function createClient(
  settings: ClientProperties,
  onReport: (error: UpstreamError | null, report: DeliveryReport) => void,
): Producer {
  try {
    return newProducer(settings, onReport);
  } catch (thrown) {
    throw new KafkaError("fatal", "ERR__INVALID_ARG", `producer settings: ${(thrown as Error).message}`, {
      cause: thrown,
    });
  }
}

/** Upstream throws at a wrong header and sends the message all the same; so nothing wrong may get there. */
function check({ topic, key, value, headers }: OutgoingMessage, index: number): void {
  const refuse = (what: string) => {
    throw new KafkaError("message", "ERR__INVALID_ARG", `send: message ${index} to ${topic}: ${what}`);
  };
  if (typeof topic !== "string" || topic === "") refuse("the topic is no name");
  if (key !== null && typeof key !== "string" && !(key instanceof Uint8Array))
    refuse("the key is neither text nor bytes");
  if (value !== null && typeof value !== "string" && !(value instanceof Uint8Array)) {
    refuse("the value is neither text nor bytes");
  }
  for (const name in headers) {
    const header: unknown = headers[name];
    if (typeof header !== "string" && !(header instanceof Uint8Array)) {
      refuse(`header "${name}" is neither text nor bytes, but ${header === null ? "null" : typeof header}`);
    }
  }
}

/** Queues one message; answers the error instead of throwing it. */
function produce(
  client: Producer,
  batch: Batch,
  index: number,
  headersOf: (message: OutgoingMessage) => readonly UpstreamHeader[] | undefined,
): UpstreamError | undefined {
  const message = batch.messages[index];
  if (!message || batch.reported[index]) return undefined; // closed while waiting for room: already failed
  const key = message.key === null || typeof message.key === "string" ? message.key : toBuffer(message.key);
  const value = message.value === null ? null : toBuffer(message.value);
  try {
    const { topic, partition = -1, timestampMs } = message;
    client.produce(topic, partition, value, key, timestampMs, batch.firstOpaque + index, headersOf(message));
    return undefined;
  } catch (thrown) {
    return thrown as UpstreamError;
  }
}

function headerCache(): (message: OutgoingMessage) => readonly UpstreamHeader[] | undefined {
  let last: OutgoingMessage["headers"];
  let converted: readonly UpstreamHeader[] | undefined;
  return ({ headers }) => {
    if (!headers) return undefined;
    if (headers !== last) {
      last = headers;
      converted = Object.entries(headers).map(([name, value]) => ({
        [name]: typeof value === "string" ? value : toBuffer(value),
      }));
    }
    return converted;
  };
}

function toBuffer(bytes: string | Uint8Array): Buffer {
  if (typeof bytes === "string") return Buffer.from(bytes);
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function newBatch(firstOpaque: number, messages: readonly OutgoingMessage[], done: () => void): Batch {
  const reported = new Uint8Array(messages.length);
  return { firstOpaque, messages, reported, ends: new Map(), failed: [], pending: messages.length, done };
}

function acknowledge(batch: Batch, index: number, { topic, partition, offset }: DeliveryReport): void {
  let ends = batch.ends.get(topic);
  if (!ends) batch.ends.set(topic, (ends = []));
  if (offset >= (ends[partition] ?? 0)) ends[partition] = offset + 1;
  settle(batch, index);
}

function fail(batch: Batch, index: number, error: KafkaError): void {
  if (batch.reported[index]) return;
  batch.failed.push({ index, error });
  settle(batch, index);
}

function settle(batch: Batch, index: number): void {
  if (batch.reported[index]) return;
  batch.reported[index] = 1;
  if (--batch.pending === 0) batch.done();
}

function failTheRest(batch: Batch): void {
  batch.messages.forEach(({ topic }, index) => {
    const message = `send to ${topic}: the producer was closed before the broker had acknowledged it`;
    fail(batch, index, new KafkaError("retriable", "ERR__DESTROY", message));
  });
}

function resultOf({ ends, failed }: Batch): SendResult {
  const reached = [...ends].flatMap(([topic, offsets]) =>
    offsets.flatMap((offset, partition) => (offset === undefined ? [] : [{ topic, partition, offset }])),
  );
  return { ends: reached, failed };
}
