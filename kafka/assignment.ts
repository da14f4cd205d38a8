import { isSamePartition } from "./topic-partition.ts";
import type { KafkaMessage, TopicPartition, TopicPartitionOffset } from "./upstream.ts";

/** One partition that this member owns. */
export interface OwnedPartition extends TopicPartition {
  /** The offset that the next message handed out will have at least; undefined until the first, when begun at "earliest". */
  next: number | undefined;
  paused: boolean;
  /** When something last showed that it is read: performance.now(). */
  aliveAtMs: number;
}

export interface Assignment {
  add(starts: readonly { topic: string; partition: number; offset: number | "earliest" }[]): void;
  remove(partitions: readonly TopicPartition[]): OwnedPartition[];
  get(partition: TopicPartition): OwnedPartition | undefined;
  all(): OwnedPartition[];
  /** Notes that a batch is being handed out. */
  advance(messages: readonly KafkaMessage[]): void;
  moveTo(offset: TopicPartitionOffset): void;
  setPaused(partitions: readonly TopicPartition[], paused: boolean): void;
}

export function newAssignment(): Assignment {
  const topics = new Map<string, Map<number, OwnedPartition>>();
  const get = ({ topic, partition }: TopicPartition) => topics.get(topic)?.get(partition);
  const all = () => [...topics.values()].flatMap((partitions) => [...partitions.values()]);
  return {
    get,
    all,
    add(starts) {
      for (const { topic, partition, offset } of starts) {
        const next = offset === "earliest" ? undefined : offset;
        const owned = topics.get(topic) ?? new Map<number, OwnedPartition>();
        topics.set(
          topic,
          owned.set(partition, { topic, partition, next, paused: false, aliveAtMs: performance.now() }),
        );
      }
    },
    remove(partitions) {
      const removed = partitions.flatMap((partition) => get(partition) ?? []);
      for (const { topic, partition } of removed) topics.get(topic)?.delete(partition);
      return removed;
    },
    advance(messages) {
      const nowMs = performance.now();
      let last: OwnedPartition | undefined; // messages come in runs of one partition
      for (const message of messages) {
        if (!last || !isSamePartition(last, message)) last = get(message);
        if (last) last.next = message.offset + 1;
        if (last) last.aliveAtMs = nowMs;
      }
    },
    moveTo(offset) {
      const owned = get(offset);
      if (owned) owned.next = offset.offset;
    },
    setPaused(partitions, paused) {
      for (const partition of partitions) {
        const owned = get(partition);
        if (owned) Object.assign(owned, { paused, aliveAtMs: performance.now() });
      }
    },
  };
}
