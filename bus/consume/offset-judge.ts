import type { Service } from "#contracts/topics.ts";
import { decodeCommitMetadata } from "./commit-metadata.ts";
import { PERSISTENT } from "./incarnation.ts";

/** What store and broker say of one partition of a group that is about to read it. */
export interface PartitionFacts {
  readonly topic: string;
  readonly partition: number;
  /** The group's row in the store. */
  readonly row:
    { readonly incarnation: string; readonly next: number; readonly lastRecordId: string | null } | undefined;
  /** What the group committed to the broker. */
  readonly commit: { readonly offset: number; readonly metadata?: string | null } | undefined;
  /** The log: the oldest offset kept, and the one that the next record gets. */
  readonly start: number;
  readonly end: number;
  /** `recordId` of the record at `row.next - 1`; undefined where there is none any more, or nobody asked. */
  readonly lastRecordId: string | undefined;
}

/** Why a group must not read a partition. Each is a disaster that somebody has to know of before anything is consumed. */
export type Disaster =
  "store-lost" | "store-old-copy" | "store-foreign" | "offsets-reset" | "unread-messages-gone" | "topic-new";

export type Verdict =
  /** The row says where. */
  | { readonly kind: "go-on"; readonly next: number }
  /** There is no row of this life of the log: write one, and read from the log's start. */
  | { readonly kind: "begin"; readonly next: number }
  | { readonly kind: "refuse"; readonly disaster: Disaster; readonly what: string };

/**
 * Says where a group goes on in a partition, or why it must not. The store's row is the truth, and what the broker has of
 * the group follows it; so a commit without a row, or before the row, tells that the store is not what it was.
 */
export function judgeOffset(facts: PartitionFacts, storeId: string, incarnation: string): Verdict {
  const { row } = facts;
  const metadata = decodeCommitMetadata(facts.commit?.metadata);
  // A member that had not noticed the broker's restart yet: it committed what it read in the life before.
  const isOfEarlierLife = metadata !== undefined && metadata.incarnation !== incarnation;
  const commit = isOfEarlierLife ? undefined : facts.commit;
  const isForeign = metadata !== undefined && metadata.storeId !== storeId;
  if (row === undefined && commit === undefined) return beginAtStart(facts, incarnation);
  if (commit !== undefined && metadata === undefined && commit.offset !== row?.next) {
    const known = row === undefined ? "never read it" : `has read up to ${row.next}`;
    return refuse("offsets-reset", facts, `a tool has set the group to ${commit.offset}, while the store ${known}`);
  }
  if (row === undefined) {
    const other = isForeign ? `, from the store ${metadata.storeId}, while this one is ${storeId}` : "";
    return refuse(
      "store-lost",
      facts,
      `the group has committed ${commit?.offset}${other}, but this store never read it`,
    );
  }
  if (isForeign) {
    const what = `the group has committed from the store ${metadata.storeId}, this one is ${storeId}`;
    return refuse("store-foreign", facts, `${what}: two stores share one group, or another service uses its id`);
  }
  if (row.incarnation !== incarnation) {
    if (commit === undefined) return beginAtStart(facts, incarnation);
    const what = `the store's row is of an earlier life of the broker, but the group has committed ${commit.offset} in this`;
    return refuse("store-old-copy", facts, what);
  }
  if (commit !== undefined && row.next < commit.offset) {
    const what = `the store has read up to ${row.next}, but the group has committed ${commit.offset}`;
    return refuse("store-old-copy", facts, what);
  }
  return judgeLog(facts, row);
}

/** The embedded broker drops only what all readers have committed: who has read nothing of its life must find everything. */
function beginAtStart(facts: PartitionFacts, incarnation: string): Verdict {
  const { start } = facts;
  if (incarnation === PERSISTENT || start === 0) return { kind: "begin", next: start };
  return refuse(
    "unread-messages-gone",
    facts,
    `the embedded broker dropped ${start} records that the group never read`,
  );
}

function judgeLog(facts: PartitionFacts, row: NonNullable<PartitionFacts["row"]>): Verdict {
  const { start, end, lastRecordId } = facts;
  if (row.next > end) {
    const what = `the store has read up to ${row.next}, but the log ends at ${end}: the topic was made anew, or the broker lost records`;
    return refuse("topic-new", facts, what);
  }
  if (row.next < start) {
    const what = `the store has read up to ${row.next}, but the log begins at ${start}: retention deleted ${start - row.next} unread records, or the topic was made anew`;
    return refuse("unread-messages-gone", facts, what);
  }
  if (lastRecordId !== undefined && row.lastRecordId !== null && lastRecordId !== row.lastRecordId) {
    const what = `the last record read was ${row.lastRecordId}, but at offset ${row.next - 1} is ${lastRecordId}: the topic was made anew`;
    return refuse("topic-new", facts, what);
  }
  return { kind: "go-on", next: row.next };
}

function refuse(disaster: Disaster, { topic, partition }: PartitionFacts, what: string): Verdict {
  return { kind: "refuse", disaster, what: `${topic}/${partition}: ${what}` };
}

const meanings: Readonly<Record<Disaster, string>> = {
  "store-lost": "the store was lost, or is not the one that this group uses",
  "store-old-copy": "the store is an old copy",
  "store-foreign": "another store is in this group",
  "offsets-reset": "somebody moved its group's offsets",
  "unread-messages-gone": "unread messages are gone",
  "topic-new": "a topic is not the one that was read before",
};

/** Consuming is refused. Trying again changes nothing: somebody has to decide. */
export class ConsumeRefusedError extends Error {
  override readonly name = "ConsumeRefusedError";
  readonly disaster: Disaster;

  constructor(disaster: Disaster, service: Service, groupId: string, findings: readonly string[]) {
    const shown = findings.slice(0, 5).join("; ");
    const more = findings.length > 5 ? `; and ${findings.length - 5} more` : "";
    super(
      `${service} does not consume, since ${meanings[disaster]}. Group ${groupId}: ${shown}${more}. ` +
        `To see what would be done: orderwright recover ${service}; to do it: orderwright recover ${service} --yes`,
    );
    this.disaster = disaster;
  }
}
