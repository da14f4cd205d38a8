import { connect, type ConnectOptions } from "./connect.ts";
import { consume, leaveGroup } from "./consumer-calls.ts";
import { answered, KafkaError } from "./errors.ts";
import { newConsumer, type ClientProperties, type Consumer, type KafkaMessage } from "./upstream.ts";
import { type TopicPartitionOffset, type Watermarks } from "./upstream.ts";

const REQUEST_TIMEOUT_MS = 5_000;
const WAIT_SLICE_MS = 100;

/**
 * The records at these offsets, one for each; undefined where the log has none there any more, or not yet. Opens a client of
 * its own, outside any group, and closes it.
 * @param settings from consumerSettings; the group is neither joined nor changed
 * @throws KafkaError, retriable when not all came within the timeout
 */
export async function readRecords(
  settings: ClientProperties,
  offsets: readonly TopicPartitionOffset[],
  options: ConnectOptions & { readonly readTimeoutMs?: number } = {},
): Promise<(KafkaMessage | undefined)[]> {
  if (offsets.length === 0) return [];
  // One record of each is wanted, not what is ahead of it; the broker sends at least one whatever the limit.
  const client = newConsumer({ ...settings, "fetch.message.max.bytes": 1, "queued.min.messages": 1 });
  await connect(client, settings, options);
  try {
    const inLog = await Promise.all(offsets.map((offset) => isInLog(client, offset)));
    const wanted = new Map(offsets.filter((_, index) => inLog[index]).map((offset) => [keyOf(offset), offset]));
    const found = await readEach(client, wanted, options.readTimeoutMs ?? REQUEST_TIMEOUT_MS, options.signal);
    return offsets.map((offset) => {
      const record = found.get(keyOf(offset));
      return record?.offset === offset.offset ? record : undefined; // another offset: this one was compacted away
    });
  } finally {
    await leaveGroup(client);
  }
}

async function isInLog(client: Consumer, { topic, partition, offset }: TopicPartitionOffset): Promise<boolean> {
  const { lowOffset, highOffset } = await answered<Watermarks>(`look up the log of ${topic}/${partition}`, (done) =>
    client.queryWatermarkOffsets(topic, partition, REQUEST_TIMEOUT_MS, done),
  );
  return offset >= lowOffset && offset < highOffset;
}

/** The first record of each partition from its offset on. */
async function readEach(
  client: Consumer,
  wanted: ReadonlyMap<string, TopicPartitionOffset>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Map<string, KafkaMessage>> {
  const found = new Map<string, KafkaMessage>();
  if (wanted.size === 0) return found;
  client.assign([...wanted.values()]);
  const untilMs = performance.now() + timeoutMs;
  while (found.size < wanted.size) {
    signal?.throwIfAborted();
    const { messages, error } = await consume(client, 1, WAIT_SLICE_MS);
    if (error) throw error;
    for (const message of messages) {
      if (found.has(keyOf(message))) continue;
      found.set(keyOf(message), message);
      client.pause([message]);
    }
    if (performance.now() > untilMs && found.size < wanted.size) {
      const missing = [...wanted].filter(([key]) => !found.has(key)).map(([key, { offset }]) => `${key} at ${offset}`);
      throw new KafkaError("retriable", "ERR__TIMED_OUT", `read ${missing.join(", ")}: no answer`);
    }
  }
  return found;
}

function keyOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}/${partition}`;
}
