import { connect, type ConnectOptions } from "./connect.ts";
import { consume, leaveGroup } from "./consumer-calls.ts";
import { answered, KafkaError } from "./errors.ts";
import { newConsumer, type ClientProperties, type KafkaMessage, type Watermarks } from "./upstream.ts";

const requestTimeoutMs = 5_000;
const waitSliceMs = 100;
const recordsAtOnce = 500;

/**
 * The last records of a partition, at most `count`, as they are now. Opens a client of its own, outside any group, and
 * closes it.
 * @param settings from consumerSettings; the group is neither joined nor changed
 * @throws KafkaError, retriable when they did not come within 5 s
 */
export async function lastRecords(
  settings: ClientProperties,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  count: number,
  options: ConnectOptions = {},
): Promise<KafkaMessage[]> {
  const client = newConsumer(settings);
  await connect(client, settings, options);
  try {
    const { lowOffset, highOffset } = await answered<Watermarks>(`look up the log of ${topic}/${partition}`, (done) =>
      client.queryWatermarkOffsets(topic, partition, requestTimeoutMs, done),
    );
    const from = Math.max(lowOffset, highOffset - count);
    const found: KafkaMessage[] = [];
    if (from >= highOffset) return found;
    client.assign([{ topic, partition, offset: from }]);
    const untilMs = performance.now() + requestTimeoutMs;
    while ((found.at(-1)?.offset ?? -1) < highOffset - 1) {
      options.signal?.throwIfAborted();
      const { messages, error } = await consume(client, recordsAtOnce, waitSliceMs);
      if (error) throw error;
      found.push(...messages);
      if (messages.length === 0 && performance.now() > untilMs) {
        throw new KafkaError("retriable", "ERR__TIMED_OUT", `read ${topic}/${partition} from ${from}: no answer`);
      }
    }
    return found;
  } finally {
    await leaveGroup(client);
  }
}
