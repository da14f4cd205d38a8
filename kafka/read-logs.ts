import { connect, type ConnectOptions } from "./connect.ts";
import { consume, leaveGroup } from "./consumer-calls.ts";
import { KafkaError } from "./errors.ts";
import { type ClientProperties, type KafkaMessage, newConsumer, type TopicPartition } from "./upstream.ts";

/** A part of a log: from `start` up to, and without, `end`. */
export interface LogSlice extends TopicPartition {
  readonly start: number;
  readonly end: number;
}

const RECORDS_AT_ONCE = 1_000;
const WAIT_SLICE_MS = 200;
const STALLED_MS = 30_000;

/**
 * Reads parts of logs whole, each in its order, outside any group, with a client of its own.
 * @param settings from consumerSettings; the group is neither joined nor changed
 * @throws KafkaError, retriable when nothing came for long
 */
export async function readLogs(
  settings: ClientProperties,
  slices: readonly LogSlice[],
  onRecord: (record: KafkaMessage) => void,
  options: ConnectOptions = {},
): Promise<void> {
  const left = new Map(slices.filter(({ start, end }) => start < end).map((slice) => [keyOf(slice), slice]));
  if (left.size === 0) return;
  const client = newConsumer(settings);
  await connect(client, settings, options);
  try {
    client.assign([...left.values()].map(({ topic, partition, start }) => ({ topic, partition, offset: start })));
    let movedAtMs = performance.now();
    while (left.size > 0) {
      options.signal?.throwIfAborted();
      const { messages, error } = await consume(client, RECORDS_AT_ONCE, WAIT_SLICE_MS);
      if (error) throw error;
      for (const record of messages) {
        const slice = left.get(keyOf(record));
        if (slice === undefined) continue;
        if (record.offset < slice.end) onRecord(record);
        if (record.offset >= slice.end - 1) left.delete(keyOf(record));
      }
      if (messages.length > 0) movedAtMs = performance.now();
      if (performance.now() - movedAtMs > STALLED_MS) {
        const stalled = [...left.keys()].join(", ");
        throw new KafkaError("retriable", "ERR__TIMED_OUT", `read ${stalled}: nothing came for ${STALLED_MS} ms`);
      }
    }
  } finally {
    await leaveGroup(client);
  }
}

const keyOf = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`;
