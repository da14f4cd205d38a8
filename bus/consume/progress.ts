import { deadLetterTopic, topics } from "#contracts/topics.ts";
import type { EventType } from "#contracts/events.ts";
import { lastRecords } from "#kafka/record-scan.ts";
import { consumerSettings } from "#kafka/settings.ts";
import type { ClientProperties, KafkaMessage } from "#kafka/upstream.ts";
import type { BrokerView } from "./broker-view.ts";
import { decodeCommitMetadata } from "./commit-metadata.ts";

/** How far a group has read one partition, as the broker is told. */
export interface GroupProgress {
  readonly groupId: string;
  readonly topic: EventType;
  readonly partition: number;
  readonly committed: number;
  readonly end: number;
}

/** Where a group reads. */
export type GroupPlace = Pick<GroupProgress, "groupId" | "topic" | "partition">;

/** A message that a group has set aside, as the copy on the dead letter topic says. */
export interface DeadCopy {
  readonly topic: EventType;
  readonly groupId: string;
  readonly key: string;
  readonly reason: string;
}

/** What the broker knows of all services: nothing of their stores is needed. Each call throws KafkaError while it is away. */
export interface ProgressView {
  progressOf(places: readonly GroupPlace[]): Promise<GroupProgress[]>;
  deadCopies(origins: readonly EventType[]): Promise<DeadCopy[]>;
}

export interface ProgressOptions {
  readonly client: ClientProperties;
  readonly broker: BrokerView;
  readonly incarnation: () => Promise<string>;
  readonly signal: AbortSignal;
}

/** Far more than operators let lie. */
const copiesAtMost = 5_000;

export function createProgressView({ client, broker, incarnation, signal }: ProgressOptions): ProgressView {
  return {
    async progressOf(places) {
      const life = await incarnation();
      const committed = new Map<string, number>();
      for (const groupId of new Set(places.map((place) => place.groupId))) {
        const ofGroup = places.filter((place) => place.groupId === groupId);
        for (const { topic, partition, offset, metadata } of await broker.committedOffsets(groupId, ofGroup)) {
          // A commit in another life of the broker says nothing about these offsets.
          const known = decodeCommitMetadata(metadata);
          if (known === undefined || known.incarnation === life)
            committed.set(`${groupId}/${topic}/${partition}`, offset);
        }
      }
      // After the commits: what is read cannot be beyond the end.
      const wanted = new Map(places.map(({ topic, partition }) => [`${topic}/${partition}`, { topic, partition }]));
      const ranges = await broker.logRanges([...wanted.values()]);
      const ends = new Map(ranges.map(({ topic, partition, start, end }) => [`${topic}/${partition}`, { start, end }]));
      return places.map((place) => {
        const { start, end } = ends.get(`${place.topic}/${place.partition}`) ?? { start: 0, end: 0 };
        return {
          ...place,
          committed: committed.get(`${place.groupId}/${place.topic}/${place.partition}`) ?? start,
          end,
        };
      });
    },
    async deadCopies(origins) {
      const settings = consumerSettings(client, { groupId: "orderwright.watchdog" });
      const found: DeadCopy[] = [];
      for (const origin of origins) {
        const { name } = deadLetterTopic(topics[origin]);
        const records = await lastRecords(settings, { topic: name, partition: 0 }, copiesAtMost, { signal });
        found.push(...records.map((record) => copyOf(origin, record)));
      }
      return found;
    },
  };
}

const text = (bytes: Uint8Array | string | null | undefined) => (bytes == null ? "" : Buffer.from(bytes).toString());

function copyOf(topic: EventType, { key, headers = [] }: KafkaMessage): DeadCopy {
  const header = (name: string) => text(headers?.find((each) => name in each)?.[name]);
  return { topic, groupId: header("dlq-group"), key: text(key), reason: header("dlq-reason") };
}
