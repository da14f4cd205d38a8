import { type BatchWrite, writeBatch } from "#bus/batch/batch.ts";
import { createPositions, type Positions } from "#bus/consume/positions.ts";
import type { EventType } from "#contracts/events.ts";
import { readOffsets, startOffsets } from "#db/offsets.ts";
import type { Store } from "#db/open-store.ts";
import { openPollLoop, type PollLoop } from "#kafka/poll-loop.ts";
import { consumerSettings } from "#kafka/settings.ts";
import { isSamePartition } from "#kafka/topic-partition.ts";
import type { ClientProperties, KafkaMessage } from "#kafka/upstream.ts";
import type { Counts } from "./counts.ts";

export interface ConsumeOptions<K extends EventType> extends BatchWrite<K> {
  readonly store: Store;
  readonly client: ClientProperties;
  readonly counts: Counts;
}

/** Polls many, as every client does: what is under test is how they are handled. */
const pollRecords = 500;
const pollWaitMs = 500;

/**
 * Consumes message by message until the signal aborts: a transaction with its COMMIT, the produce of what it wrote with its
 * reports, the commit of the offset, and only then the next record of that partition. Partitions go on beside each other, as
 * the threads of a listener do: while one waits for reports, another has its transaction.
 * @throws what any of it throws: a benchmark that fails has no figures
 */
export async function consume<K extends EventType>(options: ConsumeOptions<K>): Promise<void> {
  const { signal, counts } = options;
  const positions = createPositions();
  const loop = await openLoop(options, positions);

  async function handleInTurn(records: readonly KafkaMessage[]): Promise<void> {
    for (const record of records) {
      const position = positions.get(record);
      if (position === undefined) throw new Error(`${record.topic}/${record.partition} was taken away`);
      await writeBatch(options, [{ record, position, firstSeenAtMs: Date.now() }]);
      const { topic, partition, next } = position;
      loop.commit([{ topic, partition, offset: next, metadata: "" }]);
      counts.commits += 1;
    }
  }

  try {
    while (!signal.aborted) {
      const records = await loop.poll(pollRecords, pollWaitMs);
      await Promise.all(byPartition(records).map(handleInTurn));
    }
  } finally {
    await loop.close();
  }
}

function openLoop<K extends EventType>(options: ConsumeOptions<K>, positions: Positions): Promise<PollLoop> {
  const { handler, store, client, signal } = options;
  const { groupId, reads } = handler;
  const failed = (what: string) => {
    throw new Error(`one by one is for a shop without trouble: ${what}`);
  };
  return openPollLoop({
    settings: consumerSettings(client, { groupId }),
    topics: reads,
    signal,
    // The broker is as new as the run: what has no row begins at the beginning.
    async onAssign(partitions) {
      const starts = partitions.map((partition) => ({ ...partition, incarnation: "one-by-one", next: 0 }));
      await store.write(signal, (tx) => startOffsets(tx, groupId, starts, Date.now()));
      const rows = await store.read(signal, (database) => readOffsets(database, groupId));
      return starts.map((start) => {
        const { topic, partition, incarnation } = start;
        const next = rows.find((row) => isSamePartition(row, start))?.next ?? 0;
        positions.set({ topic, partition, incarnation, next, committed: undefined });
        return { topic, partition, offset: next };
      });
    },
    async onRevoke(partitions) {
      positions.remove(partitions);
    },
    async onLost(partitions) {
      positions.remove(partitions);
    },
    onPollOverdue: () => failed("no poll for long"),
    onCommitFailed: (error) => failed(error.message),
  });
}

function byPartition(records: readonly KafkaMessage[]): KafkaMessage[][] {
  const groups = new Map<string, KafkaMessage[]>();
  for (const record of records) {
    const name = `${record.topic}/${record.partition}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [record]);
    else group.push(record);
  }
  return [...groups.values()];
}
