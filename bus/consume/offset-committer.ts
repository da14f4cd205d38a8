import type { PollLoop } from "#kafka/poll-loop.ts";
import type { TopicPartition } from "#kafka/upstream.ts";
import { encodeCommitMetadata } from "./commit-metadata.ts";
import type { FaultHook } from "../fault-hook.ts";
import type { Positions } from "./positions.ts";

/** Tells the broker how far the store has read, some time after: a copy for lag tools, and for what may be purged. */
export interface OffsetCommitter {
  /** Of these partitions, what the broker was not told yet. */
  commit(partitions: readonly TopicPartition[]): Promise<void>;
  /** All that is due, once the interval is over. */
  commitDue(): Promise<void>;
  /** Ms until `commitDue` has something to do; infinite when there is nothing. */
  dueInMs(): number;
  /** The broker refused: tell it again. */
  forget(partitions: readonly TopicPartition[]): void;
}

export interface OffsetCommitterOptions {
  readonly positions: Positions;
  readonly storeId: string;
  readonly intervalMs: number;
  readonly faultHook: FaultHook;
  readonly loop: () => Pick<PollLoop, "commit">;
}

export function createOffsetCommitter(options: OffsetCommitterOptions): OffsetCommitter {
  const { positions, storeId, intervalMs, faultHook, loop } = options;
  let committedAtMs = 0;

  const dueOf = (partitions: readonly TopicPartition[]) =>
    partitions.flatMap((partition) => {
      const position = positions.get(partition);
      return position === undefined || position.committed === position.next ? [] : [position];
    });

  async function commit(partitions: readonly TopicPartition[]): Promise<void> {
    const due = dueOf(partitions);
    if (due.length === 0) return;
    await faultHook("before-broker-commit");
    loop().commit(
      due.map(({ topic, partition, next, incarnation }) => {
        return { topic, partition, offset: next, metadata: encodeCommitMetadata({ storeId, incarnation }) };
      }),
    );
    for (const position of due) position.committed = position.next;
    committedAtMs = performance.now();
  }

  return {
    commit,
    async commitDue() {
      if (performance.now() >= committedAtMs + intervalMs) await commit(positions.all());
    },
    dueInMs() {
      if (dueOf(positions.all()).length === 0) return Number.POSITIVE_INFINITY;
      return Math.max(0, committedAtMs + intervalMs - performance.now());
    },
    forget(partitions) {
      for (const partition of partitions) {
        const position = positions.get(partition);
        if (position) position.committed = undefined;
      }
    },
  };
}
