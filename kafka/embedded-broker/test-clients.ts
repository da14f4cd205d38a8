// Small clients for the tests of brokers: upstream's API with promises, and a reader that keeps what it has seen.
import rdkafka, { type KafkaConsumer, type Message, type Producer } from "@confluentinc/kafka-javascript";

type Properties = Record<string, string | number | boolean>;

interface SentMessage {
  readonly topic: string;
  readonly partition: number;
  readonly value: string;
}

/** Waits until the condition holds; the test's own time limit ends a wait in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

export async function openProducer(bootstrapServers: string, properties: Properties = {}): Promise<Producer> {
  const producer = new rdkafka.Producer(
    {
      "bootstrap.servers": bootstrapServers,
      "enable.idempotence": true,
      "linger.ms": 5,
      "queue.buffering.max.messages": 1_000_000,
      "reconnect.backoff.max.ms": 500,
      dr_cb: true,
      ...properties,
    },
    {},
  );
  producer.on("event.error", () => {});
  await new Promise<void>((resolve, reject) => {
    producer.connect({}, (error) => (error ? reject(new Error(error.message, { cause: error })) : resolve()));
  });
  producer.setPollInterval(5);
  return producer;
}

/** Resolves when the broker has acknowledged all of them. */
export async function send(producer: Producer, messages: readonly SentMessage[]): Promise<void> {
  let acknowledged = 0;
  let failure: Error | undefined;
  const onReport = (error: { readonly message: string } | null | undefined) => {
    if (error) failure = new Error(error.message);
    acknowledged += 1;
  };
  producer.on("delivery-report", onReport);
  for (const { topic, partition, value } of messages) producer.produce(topic, partition, Buffer.from(value), null);
  await until(() => acknowledged === messages.length);
  producer.removeListener("delivery-report", onReport);
  if (failure) throw failure;
}

export interface Reader {
  /** All that it was handed, in that order; what it could not commit is left out, since another member gets it. */
  readonly seen: readonly { readonly topic: string; readonly partition: number; readonly value: string }[];
  readonly consumer: KafkaConsumer;
  /** Commits what it has seen, leaves the group and disconnects. */
  close(): Promise<void>;
}

/** A member of the group that commits after every batch, unless `commits` is false. */
export async function openReader(
  bootstrapServers: string,
  group: string,
  topics: readonly string[],
  { commits = true, properties = {} }: { commits?: boolean; properties?: Properties } = {},
): Promise<Reader> {
  const consumer = new rdkafka.KafkaConsumer(
    {
      "bootstrap.servers": bootstrapServers,
      "group.id": group,
      "enable.auto.commit": false,
      "session.timeout.ms": 6000,
      "heartbeat.interval.ms": 200,
      "topic.metadata.refresh.interval.ms": 500,
      "reconnect.backoff.max.ms": 500,
      ...properties,
    },
    { "auto.offset.reset": "earliest" },
  );
  const seen: SentMessage[] = [];
  let closed = false;
  consumer.on("event.error", () => {});
  consumer.setDefaultConsumeTimeout(100);
  consumer.setDefaultIsTimeoutOnlyForFirstMessage(true);
  await new Promise<void>((resolve, reject) => {
    consumer.connect({}, (error) => (error ? reject(new Error(error.message, { cause: error })) : resolve()));
  });
  consumer.subscribe([...topics]);
  const commit = ({ topic, partition, offset }: Message) => {
    try {
      consumer.commitSync({ topic, partition, offset: offset + 1 });
      return true;
    } catch {
      return false; // not ours any more: another reader gets it
    }
  };
  const poll = () => new Promise<Message[]>((resolve) => consumer.consume(1000, (_, batch) => resolve(batch ?? [])));
  const loop = (async () => {
    while (!closed) {
      const batch = await poll();
      const last = new Map(batch.map((message) => [partitionOf(message), message]));
      const lost = new Set([...last.values()].filter((message) => commits && !commit(message)).map(partitionOf));
      for (const message of batch) {
        const { topic, partition, value } = message;
        if (!lost.has(partitionOf(message))) seen.push({ topic, partition, value: String(value) });
      }
    }
  })();
  return {
    seen,
    consumer,
    close: async () => {
      // A cooperative member that only disconnects says nothing to its group, which waits out its session timeout.
      consumer.unsubscribe();
      await until(() => consumer.assignments().length === 0);
      closed = true;
      await loop;
      await new Promise<void>((resolve) => consumer.disconnect(() => resolve()));
    },
  };
}

const partitionOf = ({ topic, partition }: Pick<Message, "topic" | "partition">) => `${topic} ${partition}`;

export async function closeProducer(producer: Producer): Promise<void> {
  await new Promise<void>((resolve) => producer.disconnect(1000, () => resolve()));
}

/** Numbered from `from` in each partition: `<partition>/<number>`, and then as much padding as asked for. */
export function numbered(topic: string, partitions: number, each: number, from = 0, padding = ""): SentMessage[] {
  return Array.from({ length: partitions * each }, (_, i) => {
    const partition = i % partitions;
    return { topic, partition, value: `${partition}/${from + Math.floor(i / partitions)}${padding}` };
  });
}

/** By search: what is missing, doubled or out of order, in words; empty when all arrived whole. */
export function faults(seen: Reader["seen"], partitions: number, each: number): string[] {
  const found: string[] = [];
  const next = Array.from({ length: partitions }, () => 0);
  for (const { partition, value } of seen) {
    const wanted = next[partition] ?? 0;
    if (value.split(" ", 1)[0] !== `${partition}/${wanted}`)
      found.push(`partition ${partition}: ${value} where ${wanted} was due`);
    next[partition] = wanted + 1;
  }
  next.forEach((count, partition) => {
    if (count !== each) found.push(`partition ${partition}: ${count} of ${each}`);
  });
  return found.slice(0, 20);
}
