import { setImmediate as nextTurn } from "node:timers/promises";
import { type BatchResult, readResults } from "./batch-results.ts";
import { connect, type ConnectOptions } from "./connect.ts";
import { deliveryError, KafkaError } from "./errors.ts";
import { checkMessages, type OutgoingMessage } from "./outgoing-message.ts";
import { newPacker } from "./packed-batch.ts";
import { type ClientProperties, ERROR_CODES, newProducer, type Producer, upstreamError } from "./upstream.ts";
import type { TopicPartitionOffset } from "./upstream.ts";

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
  readonly id: number;
  readonly messages: readonly OutgoingMessage[];
  readonly ended: (result: SendResult) => void;
  readonly broke: (reason: unknown) => void;
}

/** Messages in one batch. */
const BATCH_LIMIT = 2 ** 20;
/**
 * Up to so many messages go out at once: there is nothing in them to wait for, and librdkafka, which waits in whole
 * milliseconds, makes 1.2 ms of the shortest linger (measured: 4 ms of an order's way). More wait, or the first would go alone.
 */
const SENT_AT_ONCE = 20;
/** While a flush lasts, nothing lingers. It ends with the last report; this is for those that do not come. */
const HURRY_MS = 100;
/** A report makes room only after it was told, and other clients' messages make room untold. */
const LOOK_FOR_ROOM_MS = 50;

/** @throws KafkaError when it cannot connect; see connect.ts */
export async function openProducer(settings: ClientProperties, options: ConnectOptions = {}): Promise<KafkaProducer> {
  const client = createClient(settings);
  const open = new Map<number, Batch>();
  const topics = newTopicNumbers(client);
  let fatalReason: string | undefined;
  let roomMade: (() => void) | undefined;
  const take = (news: ArrayBuffer) => {
    roomMade?.();
    for (const result of readResults(news)) {
      const batch = open.get(result.id);
      open.delete(result.id);
      batch?.ended(sendResult(result, batch, topics.names, (code) => upstreamError(client, code), fatalReason));
    }
  };
  client._client.openDeliveries(take);
  client.on("event.log", (log) => {
    // A fenced or otherwise broken producer purges its queue: the reports say only that, the log says why.
    if (log.fac === "FATAL") fatalReason = log.message;
  });
  await connect(client, settings, options).catch((error: unknown) => {
    client._client.closeDeliveries(); // else the callback would hold the client
    throw error;
  });
  // Reports then come from librdkafka's own thread as soon as the broker has answered, not at the next turn of a timer.
  client.setPollInBackground(true);

  const { pack } = newPacker(topics.numberOf);
  let nextId = 0;
  let queue = Promise.resolve();
  let closing: Promise<void> | undefined;

  const flush = (timeoutMs: number) => new Promise<void>((resolve) => client.flush(timeoutMs, () => resolve()));
  const hurry = newHurry(() => flush(HURRY_MS));

  async function enqueue(batch: Batch): Promise<void> {
    for (let index = 0; index < batch.messages.length && open.has(batch.id);) {
      const { numbers, bytes, count } = pack(batch.id, batch.messages, index);
      const taken = client._client.producePacked(numbers, bytes);
      index += taken;
      if (taken < count) await new Promise<void>((resolve) => (roomMade = patiently(resolve)));
      else if (index < batch.messages.length) await nextTurn();
    }
    if (batch.messages.length <= SENT_AT_ONCE) hurry.begin();
  }

  return {
    async send(messages) {
      if (closing) throw new KafkaError("fatal", "ERR__STATE", "send: the producer is closed");
      if (messages.length > BATCH_LIMIT)
        throw new KafkaError("message", "ERR__INVALID_ARG", `send: more than ${BATCH_LIMIT} messages in a batch`);
      checkMessages(messages);
      if (messages.length === 0) return { ends: [], failed: [] };
      return new Promise((ended, broke) => {
        const batch = { id: nextId++, messages, ended, broke };
        open.set(batch.id, batch);
        queue = queue.then(() => enqueue(batch)).catch(broke);
      });
    },
    flush,
    close(flushTimeoutMs = 5_000) {
      closing ??= (async () => {
        await hurry.end(); // upstream frees a client under a call that still runs
        await new Promise<void>((resolve) => client.disconnect(flushTimeoutMs, resolve));
        client.removeAllListeners();
        take(client._client.closeDeliveries());
        for (const { ended, messages } of open.values())
          ended({ ends: [], failed: messages.map(({ topic }, index) => ({ index, error: closedError(topic) })) });
        open.clear();
      })();
      return closing;
    },
  };
}

function createClient(settings: ClientProperties): Producer {
  try {
    return newProducer(settings);
  } catch (thrown) {
    throw new KafkaError("fatal", "ERR__INVALID_ARG", `producer settings: ${(thrown as Error).message}`, {
      cause: thrown,
    });
  }
}

/** The client's numbers for topics, asked once for each; its own look-up is a call of native code. */
function newTopicNumbers(client: Producer) {
  const names: string[] = [];
  const numbers = new Map<string, number>();
  return {
    names,
    numberOf(topic: string): number {
      let number = numbers.get(topic);
      if (number !== undefined) return number;
      number = client._client.topicNumber(topic);
      numbers.set(topic, number);
      names[number] = topic;
      return number;
    },
  };
}

/** Flushes nobody waits for, one at a time: one that is about to end may have missed what came meanwhile. */
function newHurry(flush: () => Promise<void>): { begin(): void; end(): Promise<void> } {
  let running: Promise<void> | undefined;
  let again = false;
  let isEnding = false;
  function begin(): void {
    again = running !== undefined;
    if (running || isEnding) return;
    running = flush().finally(() => {
      running = undefined;
      if (again) begin();
    });
  }
  return {
    begin,
    async end() {
      isEnding = true;
      await running;
    },
  };
}

/** Resolves once, when called or after LOOK_FOR_ROOM_MS. */
function patiently(resolve: () => void): () => void {
  const timer = setTimeout(resolve, LOOK_FOR_ROOM_MS);
  return () => {
    clearTimeout(timer);
    resolve();
  };
}

function sendResult(
  { ends, failed }: BatchResult,
  { messages }: Batch,
  topics: readonly string[],
  errorOf: (code: number) => ReturnType<typeof upstreamError>,
  fatalReason: string | undefined,
): SendResult {
  return {
    ends: ends.map((end) => ({ ...end, topic: topics[end.topic] ?? "" })),
    failed: failed.map(({ index, code }) => {
      const topic = messages[index]?.topic ?? "";
      const isClosed = code === ERROR_CODES.ERR__DESTROY;
      return { index, error: isClosed ? closedError(topic) : deliveryError(errorOf(code), topic, fatalReason) };
    }),
  };
}

function closedError(topic: string): KafkaError {
  const message = `send to ${topic}: the producer was closed before the broker had acknowledged it`;
  return new KafkaError("retriable", "ERR__DESTROY", message);
}
