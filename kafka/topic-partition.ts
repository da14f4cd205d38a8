import type { TopicPartition } from "./upstream.ts";

export function isSamePartition(a: TopicPartition, b: TopicPartition): boolean {
  return a.partition === b.partition && a.topic === b.topic;
}
