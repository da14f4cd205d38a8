// The consumer's calls as promises.
import { setTimeout as delay } from "node:timers/promises";
import { answered, KafkaError, toKafkaError } from "./errors.ts";
import { unpackMessages } from "./packed-messages.ts";
import { isSamePartition } from "./topic-partition.ts";
import type { CommittedOffset, Consumer, KafkaMessage, Metadata } from "./upstream.ts";
import type { TopicPartition, TopicPartitionOffset } from "./upstream.ts";

const REQUEST_TIMEOUT_MS = 5_000;
const SEEK_RETRY_MS = 20;

/**
 * What is there, up to `count` messages; waits up to `waitMs` for the first and never for a second. (Upstream's
 * own waits for each, or for 1 ms after the last.) An error that came behind messages is not told by upstream.
 */
export function consume(
  client: Consumer,
  count: number,
  waitMs: number,
): Promise<{ messages: KafkaMessage[]; error?: KafkaError }> {
  return new Promise((resolve) => {
    client._client.consumePacked(waitMs, count, (error, bytes, names, arrived) => {
      if (error) resolve({ messages: [], error: toKafkaError(error, "poll") });
      else resolve({ messages: unpackMessages(bytes, names, arrived) });
    });
  });
}

/**
 * A consumer that subscribes before its topic exists waits for minutes and says nothing.
 * @throws KafkaError that names the missing ones
 */
export async function requireTopics(client: Consumer, topics: readonly string[]): Promise<void> {
  const looked = await Promise.all(
    topics.map(async (topic) => {
      const request = { topic, allTopics: false, timeout: REQUEST_TIMEOUT_MS };
      const metadata = await answered<Metadata>(`look up ${topic}`, (done) => client.getMetadata(request, done));
      return metadata.topics.some(({ name, partitions }) => name === topic && partitions.length > 0) ? [] : [topic];
    }),
  );
  const missing = looked.flat();
  if (missing.length === 0) return;
  const message = `subscribe: no such topic: ${missing.join(", ")}; topics are created first (see admin.ts)`;
  throw new KafkaError("fatal", "ERR_UNKNOWN_TOPIC_OR_PART", message);
}

export async function committedOf(
  client: Consumer,
  partitions: readonly TopicPartition[],
): Promise<(CommittedOffset | undefined)[]> {
  const offsets = await answered<CommittedOffset[]>("read the committed offsets", (done) =>
    client.committed(partitions, REQUEST_TIMEOUT_MS, done),
  );
  return partitions.map((asked) => {
    const found = offsets.find((each) => isSamePartition(each, asked));
    return found && found.offset >= 0 ? found : undefined;
  });
}

/** Right after an assignment a partition cannot be sought yet ("erroneous state"): tried again until it can. */
export async function seekTo(client: Consumer, offset: TopicPartitionOffset): Promise<void> {
  const untilMs = performance.now() + REQUEST_TIMEOUT_MS;
  for (;;) {
    try {
      const doing = `seek ${offset.topic}/${offset.partition} to ${offset.offset}`;
      return await answered<undefined>(doing, (done) => client.seek(offset, REQUEST_TIMEOUT_MS, done as never));
    } catch (error) {
      if (!(error instanceof KafkaError) || error.code !== "ERR__STATE" || performance.now() > untilMs) throw error;
      await delay(SEEK_RETRY_MS);
    }
  }
}

/** The log's end as the last fetch saw it. */
export function endOf(client: Consumer, { topic, partition }: TopicPartition): number | undefined {
  try {
    const { highOffset } = client.getWatermarkOffsets(topic, partition);
    return highOffset >= 0 ? highOffset : undefined;
  } catch {
    return undefined; // nothing was fetched yet
  }
}

export async function leaveGroup(client: Consumer): Promise<void> {
  await new Promise<void>((resolve) => client.disconnect(resolve));
  client.removeAllListeners();
}
