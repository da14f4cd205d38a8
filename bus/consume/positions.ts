import type { TopicPartition } from "#kafka/upstream.ts";

/**
 * Where this member believes a partition's row to be. A new object each time that the partition is assigned or sought: a
 * record that was polled under another one is not to be handled any more.
 */
export interface Position extends TopicPartition {
  readonly incarnation: string;
  next: number;
  /** What the broker was last told, so that nothing is told twice; undefined when it must be told again. */
  committed: number | undefined;
}

export interface Positions {
  get(partition: TopicPartition): Position | undefined;
  set(position: Position): void;
  remove(partitions: readonly TopicPartition[]): void;
  all(): Position[];
}

export function createPositions(): Positions {
  const topics = new Map<string, Map<number, Position>>();
  return {
    get: ({ topic, partition }) => topics.get(topic)?.get(partition),
    set(position) {
      const partitions = topics.get(position.topic) ?? new Map<number, Position>();
      topics.set(position.topic, partitions.set(position.partition, position));
    },
    remove(partitions) {
      for (const { topic, partition } of partitions) topics.get(topic)?.delete(partition);
    },
    all: () => [...topics.values()].flatMap((partitions) => [...partitions.values()]),
  };
}
