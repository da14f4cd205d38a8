import { connect, type ConnectOptions } from "./connect.ts";
import { committedOf, leaveGroup } from "./consumer-calls.ts";
import { answered, codeName, KafkaError } from "./errors.ts";
import { consumerSettings } from "./settings.ts";
import { isSamePartition } from "./topic-partition.ts";
import type { TopicSpec } from "./topic-spec.ts";
import { newAdmin, newConsumer, newProducer, type Admin, type ClientProperties, type Consumer } from "./upstream.ts";
import type {
  CommittedOffset,
  Metadata,
  Producer,
  TopicPartition,
  TopicPartitionOffset,
  Watermarks,
} from "./upstream.ts";

export interface TopicsReport {
  readonly created: readonly string[];
  /** What the broker has is not what the specification says, in words for a person. */
  readonly differences: readonly string[];
  /** Topics that were there already: upstream has no DescribeConfigs, so their retention cannot be seen. */
  readonly retentionUnknown: readonly string[];
}

/** The log of one partition: `start` is the oldest offset kept, `end` the one that the next message gets. */
export interface LogRange extends TopicPartition {
  readonly start: number;
  readonly end: number;
}

export interface Lag extends LogRange {
  /** undefined: the group never committed here. */
  readonly committed: number | undefined;
  readonly metadata: string | undefined;
  /** Messages between the commit, or else the log's start, and its end. */
  readonly lag: number;
}

export interface KafkaAdmin {
  /** Creates what is missing and compares what is there. @throws KafkaError when a topic is missing and cannot be created */
  ensureTopics(specs: readonly TopicSpec[]): Promise<TopicsReport>;
  /** All partitions of these topics. @throws KafkaError when one does not exist */
  partitionsOf(topics: readonly string[]): Promise<TopicPartition[]>;
  logRanges(partitions: readonly TopicPartition[]): Promise<LogRange[]>;
  /** Of each partition the offset of the first record that is of this time or later, or the log's end. */
  offsetsAt(partitions: readonly TopicPartition[], timeMs: number): Promise<TopicPartitionOffset[]>;
  /** Only what was committed. Any group, whoever is in it. */
  committedOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<CommittedOffset[]>;
  lag(groupId: string, topics: readonly string[]): Promise<Lag[]>;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 5_000;
const TOPIC_POLL_MS = 50;

/**
 * Only topics are created by librdkafka's admin calls: those that ask for offsets abort the process when the broker goes away
 * under them (https://github.com/confluentinc/librdkafka/issues/3663, open; seen here). Offsets are asked for as clients do.
 * @throws KafkaError when it cannot connect; see connect.ts
 */
export async function openAdmin(settings: ClientProperties, options: ConnectOptions = {}): Promise<KafkaAdmin> {
  // Upstream's own admin client connects without looking whether anybody answers, and blocks the thread when it closes. On
  // top of a producer's connections it does neither.
  const client = createClient(settings);
  await connect(client, settings, options);
  client.setPollInBackground(true); // else errors during an outage pile up in its queue
  const admin = newAdmin(client);
  const onlookers = new Map<string, Promise<Consumer>>(); // by group
  const underWay = new Set<Promise<unknown>>(); // upstream frees a client under a call that still runs
  let closing: Promise<void> | undefined;

  function tracked<T>(start: () => Promise<T>): Promise<T> {
    if (closing) throw new KafkaError("fatal", "ERR__STATE", "the admin client is closed");
    const running = start().finally(() => underWay.delete(running));
    underWay.add(running);
    return running;
  }

  const partitionsOf = async (topics: readonly string[]) => {
    const counts = await partitionCounts(client, topics);
    const missing = topics.filter((topic) => !counts.has(topic));
    if (missing.length > 0) throw noSuchTopic(missing);
    return topics.flatMap((topic) =>
      Array.from({ length: counts.get(topic) ?? 0 }, (_, partition) => ({ topic, partition })),
    );
  };

  const logRanges = (partitions: readonly TopicPartition[]) =>
    Promise.all(partitions.map((partition) => logRange(client, partition)));

  const committedOffsets = async (groupId: string, partitions: readonly TopicPartition[]) => {
    if (partitions.length === 0) return [];
    const opening = onlookers.get(groupId) ?? openOnlooker(settings, groupId, options);
    onlookers.set(groupId, opening);
    opening.catch(() => onlookers.delete(groupId)); // the next question tries anew
    return (await committedOf(await opening, partitions)).flatMap((offset) => offset ?? []);
  };

  const offsetsAt = async (partitions: readonly TopicPartition[], timeMs: number) => {
    if (partitions.length === 0) return [];
    const times = partitions.map(({ topic, partition }) => ({ topic, partition, offset: timeMs }));
    const found = await answered<readonly TopicPartitionOffset[]>("look up offsets by time", (done) =>
      client.offsetsForTimes(times, REQUEST_TIMEOUT_MS, done),
    );
    const ends = await logRanges(partitions);
    return ends.map(({ topic, partition, end }) => {
      const at = found.find((each) => isSamePartition(each, { topic, partition }))?.offset ?? -1;
      return { topic, partition, offset: at < 0 ? end : at };
    });
  };

  return {
    ensureTopics: (specs) => tracked(() => ensureTopics(client, admin, specs)),
    partitionsOf: (topics) => tracked(() => partitionsOf(topics)),
    logRanges: (partitions) => tracked(() => logRanges(partitions)),
    offsetsAt: (partitions, timeMs) => tracked(() => offsetsAt(partitions, timeMs)),
    committedOffsets: (groupId, partitions) => tracked(() => committedOffsets(groupId, partitions)),
    lag: (groupId, topics) =>
      tracked(async () => {
        const partitions = await partitionsOf(topics);
        return lagOf(await logRanges(partitions), await committedOffsets(groupId, partitions));
      }),
    close: () =>
      (closing ??= (async () => {
        await Promise.allSettled(underWay);
        const opened = await Promise.allSettled(onlookers.values());
        await Promise.all(opened.flatMap((each) => (each.status === "fulfilled" ? [leaveGroup(each.value)] : [])));
        await new Promise<void>((resolve) => client.disconnect(0, resolve));
        client.removeAllListeners();
      })()),
  };
}

function createClient(settings: ClientProperties): Producer {
  try {
    return newProducer(settings);
  } catch (thrown) {
    throw new KafkaError("fatal", "ERR__INVALID_ARG", `settings: ${(thrown as Error).message}`, { cause: thrown });
  }
}

async function ensureTopics(client: Producer, admin: Admin, specs: readonly TopicSpec[]): Promise<TopicsReport> {
  const counts = await partitionCounts(
    client,
    specs.map(({ name }) => name),
  );
  const missing = specs.filter(({ name }) => !counts.has(name));
  const failed = (await Promise.all(missing.map((spec) => createTopic(admin, spec)))).flatMap((error) => error ?? []);
  if (failed.length > 0) {
    const { kind, code } = failed[0] as KafkaError;
    throw new KafkaError(kind, code, failed.map(({ message }) => message).join("; "), { cause: failed[0] });
  }
  await untilThere(
    client,
    missing.map(({ name }) => name),
  );
  const present = specs.filter(({ name }) => counts.has(name));
  return {
    created: missing.map(({ name }) => name),
    differences: present.flatMap(({ name, partitions }) => {
      const found = counts.get(name);
      return found === partitions ? [] : [`topic ${name} has ${found} partitions instead of ${partitions}`];
    }),
    retentionUnknown: present.map(({ name }) => name),
  };
}

async function createTopic(admin: Admin, spec: TopicSpec): Promise<KafkaError | undefined> {
  const topic = {
    topic: spec.name,
    num_partitions: spec.partitions,
    replication_factor: spec.replicationFactor ?? -1, // -1: as the broker is set
    config: { "retention.ms": String(spec.retentionMs) },
  };
  try {
    await answered(`create topic ${spec.name}`, (done) => admin.createTopic(topic, REQUEST_TIMEOUT_MS, done));
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    if (error.code === "ERR_TOPIC_ALREADY_EXISTS") return undefined; // another instance was faster
    if (error.code !== "ERR__TIMED_OUT") return error;
    // librdkafka waits for a broker that knows the request.
    const message = `${error.message}: no answer, or a broker that cannot create topics (the embedded one makes its own)`;
    return new KafkaError(error.kind, error.code, message, { cause: error });
  }
  return undefined;
}

/** Creation is asynchronous: a broker may answer before its metadata has the topic. */
async function untilThere(client: Producer, topics: readonly string[]): Promise<void> {
  const untilMs = performance.now() + REQUEST_TIMEOUT_MS;
  for (;;) {
    const counts = await partitionCounts(client, topics);
    const missing = topics.filter((topic) => !counts.has(topic));
    if (missing.length === 0) return;
    if (performance.now() > untilMs) throw noSuchTopic(missing);
    await new Promise((resolve) => setTimeout(resolve, TOPIC_POLL_MS));
  }
}

/** Asks for all topics: asking a producer's client for one by name may create it on a broker that does so. */
async function partitionCounts(client: Producer, topics: readonly string[]): Promise<Map<string, number>> {
  if (topics.length === 0) return new Map();
  const request = { allTopics: true, timeout: REQUEST_TIMEOUT_MS };
  const metadata = await answered<Metadata>("look up the topics", (done) => client.getMetadata(request, done));
  return new Map(
    metadata.topics
      .filter(({ name, partitions }) => partitions.length > 0 && topics.includes(name))
      .map(({ name, partitions }) => [name, partitions.length]),
  );
}

async function logRange(client: Producer, { topic, partition }: TopicPartition): Promise<LogRange> {
  const { lowOffset, highOffset } = await answered<Watermarks>(`look up the log of ${topic}/${partition}`, (done) =>
    client.queryWatermarkOffsets(topic, partition, REQUEST_TIMEOUT_MS, done),
  );
  return { topic, partition, start: lowOffset, end: highOffset };
}

/** A consumer that never joins: it only asks what its group has committed. */
async function openOnlooker(settings: ClientProperties, groupId: string, options: ConnectOptions): Promise<Consumer> {
  const consumer = newConsumer(consumerSettings(settings, { groupId }));
  await connect(consumer, settings, options);
  return consumer;
}

function lagOf(ranges: readonly LogRange[], offsets: readonly CommittedOffset[]): Lag[] {
  const keyOf = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`;
  const committedAt = new Map(offsets.map((offset) => [keyOf(offset), offset]));
  return ranges.map((range) => {
    const found = committedAt.get(keyOf(range));
    const committed = found?.offset;
    return {
      ...range,
      committed,
      metadata: found?.metadata ?? undefined,
      lag: Math.max(0, range.end - (committed ?? range.start)),
    };
  });
}

function noSuchTopic(topics: readonly string[]): KafkaError {
  const code = codeName(3); // unknown topic or partition
  return new KafkaError("fatal", code, `no such topic: ${topics.join(", ")}`);
}
