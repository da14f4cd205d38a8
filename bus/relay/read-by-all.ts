import { deadLetterTopic, topics, type Topic } from "#contracts/topics.ts";
import { finishRounds, readRounds, type Round } from "#db/instances.ts";
import type { Store } from "#db/open-store.ts";
import type { TopicPartition } from "#kafka/upstream.ts";
import type { BrokerView } from "../consume/broker-view.ts";
import { decodeCommitMetadata } from "../consume/commit-metadata.ts";
import type { Relay } from "./relay.ts";

export interface ReadByAllOptions {
  readonly store: Store;
  readonly broker: BrokerView;
  readonly relay: Relay;
  readonly signal: AbortSignal;
}

/**
 * Finds the rounds that every reading group has committed past, and lets their rows go: they may be purged, and are not
 * published again when a broker lost its data.
 */
export async function finishReadRounds(options: ReadByAllOptions, instanceId: string): Promise<void> {
  const { store, relay, signal } = options;
  const life = relay.life();
  if (life.incarnation === undefined) return;
  const rounds = await store.read(signal, (database) => readRounds(database, instanceId));
  const newest = rounds.at(-1);
  if (newest === undefined) return;
  const committed = await committedEnds(options.broker, rounds, life.incarnation);
  let lastSeq: number | undefined;
  for (const round of rounds) {
    if (!isRead(round, committed)) break;
    lastSeq = round.lastSeq;
  }
  if (lastSeq === undefined) return;
  const upTo = lastSeq;
  await store.write(signal, async (tx) => {
    // Looked at under the store's lock: the rounds of a life that has ended were not read by all.
    if (relay.life().number === life.number) await finishRounds(tx, instanceId, upTo);
  });
}

/** How far every reader of a partition has come, by `topic/partition`. */
type CommittedEnds = ReadonlyMap<string, number>;

/** Exported for tests. */
export function isRead({ ends }: Pick<Round, "ends">, committed: CommittedEnds): boolean {
  return Object.entries(ends).every(([topic, partitions]) => {
    if (readersOf(topic).length === 0) return true;
    return Object.entries(partitions).every(([partition, end]) => (committed.get(`${topic}/${partition}`) ?? 0) >= end);
  });
}

/** A commit counts in the life of the broker in which it was made: offsets of another one say nothing about these. */
async function committedEnds(
  broker: BrokerView,
  rounds: readonly Round[],
  incarnation: string,
): Promise<CommittedEnds> {
  const wanted = new Map<string, TopicPartition[]>();
  for (const { topic, partition } of partitionsOf(rounds)) {
    for (const group of readersOf(topic)) wanted.set(group, [...(wanted.get(group) ?? []), { topic, partition }]);
  }
  const least = new Map<string, number>();
  for (const [group, partitions] of wanted) {
    const found = new Map<string, number>();
    for (const { topic, partition, offset, metadata } of await broker.committedOffsets(group, partitions)) {
      if (decodeCommitMetadata(metadata)?.incarnation === incarnation) found.set(`${topic}/${partition}`, offset);
    }
    for (const { topic, partition } of partitions) {
      const key = `${topic}/${partition}`;
      least.set(key, Math.min(least.get(key) ?? Number.MAX_SAFE_INTEGER, found.get(key) ?? 0));
    }
  }
  return least;
}

function partitionsOf(rounds: readonly Round[]): TopicPartition[] {
  const seen = new Map<string, TopicPartition>();
  for (const { ends } of rounds) {
    for (const [topic, partitions] of Object.entries(ends)) {
      for (const partition of Object.keys(partitions)) {
        seen.set(`${topic}/${partition}`, { topic, partition: Number(partition) });
      }
    }
  }
  return [...seen.values()];
}

const byName = new Map<string, Pick<Topic, "readers">>(
  Object.values(topics).flatMap((topic) => [
    [topic.name, topic],
    [deadLetterTopic(topic).name, { readers: [] }],
  ]),
);

function readersOf(topic: string): readonly string[] {
  return byName.get(topic)?.readers ?? [];
}
