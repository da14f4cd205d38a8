import { type KafkaAdmin, type LogRange, openAdmin } from "#kafka/admin.ts";
import { INCARNATION_TOPIC } from "#kafka/embedded-broker/incarnation-topic.ts";
import { KafkaError } from "#kafka/errors.ts";
import type { ClientProperties, CommittedOffset, TopicPartition, TopicPartitionOffset } from "#kafka/upstream.ts";
import { readIncarnation } from "./incarnation.ts";

/** What the broker says. Each call throws KafkaError while it cannot be reached; the next one tries anew. */
export interface BrokerView {
  partitionsOf(topics: readonly string[]): Promise<TopicPartition[]>;
  /** Only what was committed. */
  committedOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<CommittedOffset[]>;
  logRanges(partitions: readonly TopicPartition[]): Promise<LogRange[]>;
  /** As KafkaAdmin.offsetsAt. */
  offsetsAt(partitions: readonly TopicPartition[], timeMs: number): Promise<TopicPartitionOffset[]>;
  /** Which life of the broker this is, see readIncarnation. */
  incarnation(): Promise<string>;
  close(): Promise<void>;
}

/** Connects when it is first asked, and again when that failed: a worker starts while its broker is away. */
export function createBrokerView(client: ClientProperties, signal: AbortSignal): BrokerView {
  let opening: Promise<KafkaAdmin> | undefined;

  async function admin(): Promise<KafkaAdmin> {
    signal.throwIfAborted();
    opening ??= openAdmin(client, { signal });
    try {
      return await opening;
    } catch (error) {
      opening = undefined;
      throw error;
    }
  }

  return {
    partitionsOf: async (topics) => (await admin()).partitionsOf(topics),
    committedOffsets: async (groupId, partitions) => (await admin()).committedOffsets(groupId, partitions),
    logRanges: async (partitions) => (await admin()).logRanges(partitions),
    offsetsAt: async (partitions, timeMs) => (await admin()).offsetsAt(partitions, timeMs),
    incarnation: async () => readIncarnation(await isEmbedded(await admin()), client, signal),
    async close() {
      await opening?.then(
        (opened) => opened.close(),
        () => {}, // it never opened
      );
    },
  };
}

/** The embedded broker tells its lives apart by a topic that no other broker has. */
async function isEmbedded(admin: KafkaAdmin): Promise<boolean> {
  try {
    return (await admin.partitionsOf([INCARNATION_TOPIC])).length > 0;
  } catch (error) {
    if (error instanceof KafkaError && error.code === "ERR_UNKNOWN_TOPIC_OR_PART") return false;
    throw error;
  }
}
