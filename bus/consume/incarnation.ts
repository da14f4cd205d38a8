import { INCARNATION_TOPIC } from "#kafka/embedded-broker/incarnation-topic.ts";
import { KafkaError } from "#kafka/errors.ts";
import { readRecords } from "#kafka/record-reader.ts";
import { consumerSettings } from "#kafka/settings.ts";
import type { ClientProperties } from "#kafka/upstream.ts";

/** The one life of a broker that keeps its logs over a restart. Never change: it is in stored rows. */
export const PERSISTENT = "persistent";

/**
 * Which life of the broker this is: the embedded broker forgets everything when it ends, and writes a random id into a
 * topic of its own at each start. A real one has no such topic.
 * @throws KafkaError, retriable while the broker is away
 */
export async function readIncarnation(
  isEmbedded: boolean,
  client: ClientProperties,
  signal: AbortSignal,
): Promise<string> {
  if (!isEmbedded) return PERSISTENT;
  const settings = consumerSettings(client, { groupId: "orderwright.incarnation" });
  const [record] = await readRecords(settings, [{ topic: INCARNATION_TOPIC, partition: 0, offset: 0 }], { signal });
  const text = new TextDecoder().decode(record?.value ?? new Uint8Array());
  if (/^[0-9a-f]{32}$/.test(text)) return text;
  throw new KafkaError("retriable", "ERR__BAD_MSG", `read ${INCARNATION_TOPIC}: no incarnation in it yet`);
}
