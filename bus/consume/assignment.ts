import { readOffsets, startOffsets } from "#db/offsets.ts";
import type { Store } from "#db/open-store.ts";
import { readRecords } from "#kafka/record-reader.ts";
import { consumerSettings } from "#kafka/settings.ts";
import type { ClientProperties, TopicPartition } from "#kafka/upstream.ts";
import { sleep } from "../back-off.ts";
import type { BatchHandler } from "../batch-handler.ts";
import type { BrokerView } from "./broker-view.ts";
import { decodeCommitMetadata } from "./commit-metadata.ts";
import { PERSISTENT } from "./incarnation.ts";
import { ConsumeRefusedError, judgeOffset, type PartitionFacts, type Verdict } from "./offset-judge.ts";
import type { Position } from "./positions.ts";
import { recordId } from "../batch/records.ts";

export interface AssignmentOptions {
  readonly handler: Pick<BatchHandler, "service" | "groupId" | "reads">;
  readonly store: Store;
  readonly client: ClientProperties;
  readonly broker: BrokerView;
  /** Reads in which life the broker is, and tells the relay. */
  readonly incarnation: () => Promise<string>;
  readonly signal: AbortSignal;
}

/** A second look, so that what moved between two questions is not taken for a disaster. */
const secondLookAfterMs = 300;

/** Where partitions go on, and those of them where nobody has been before. */
interface Begun {
  readonly positions: Position[];
  readonly started: readonly TopicPartition[];
}

/**
 * Where a group goes on in partitions that it was just given; its rows are written when this resolves, to be committed to
 * the broker next. Rows first: a commit without a row means a lost store.
 * @throws ConsumeRefusedError; KafkaError and StoreError, after which it may be asked again
 */
export async function beginPartitions(
  options: AssignmentOptions,
  partitions: readonly TopicPartition[],
): Promise<Begun> {
  const { handler, store, signal } = options;
  let judged = await judge(options, partitions);
  if (judged.refusal) {
    await sleep(secondLookAfterMs, signal);
    judged = await judge(options, partitions);
    if (judged.refusal) throw judged.refusal;
  }
  const { incarnation, verdicts } = judged;
  const positions = partitions.map((partition, index) => {
    const verdict = verdicts[index];
    if (verdict === undefined || verdict.kind === "refuse") throw new Error("a partition without a place to begin");
    return { isNew: verdict.kind === "begin", ...partition, incarnation, next: verdict.next, committed: undefined };
  });
  const starts = positions.filter(({ isNew }) => isNew);
  if (starts.length > 0) {
    await store.write(signal, (tx) => startOffsets(tx, handler.groupId, starts, Date.now()));
  }
  return {
    positions: positions.map(({ isNew: _, ...position }) => position),
    started: starts.map(({ topic, partition }) => ({ topic, partition })),
  };
}

/** Commits are on their way for milliseconds; one that was refused is told again later, and others look then. */
const seenWithinMs = 1_000;
const lookEveryMs = 20;

/**
 * Looks for another store once the broker shows what a start was committed with. So of two new stores that start at once one at least
 * sees the other, before either has read anything.
 * @throws ConsumeRefusedError; KafkaError and StoreError, after which it may be asked again
 */
export async function confirmStart(options: AssignmentOptions, started: readonly TopicPartition[]): Promise<void> {
  if (started.length === 0) return;
  const untilMs = performance.now() + seenWithinMs;
  while (performance.now() < untilMs) {
    const commits = await options.broker.committedOffsets(options.handler.groupId, started);
    if (commits.length === started.length) break;
    await sleep(lookEveryMs, options.signal);
  }
  const refusal = await findForeignStore(options);
  if (refusal) throw refusal;
}

/**
 * Looks whether another store is in the group.
 * @throws KafkaError
 */
async function findForeignStore(options: AssignmentOptions): Promise<ConsumeRefusedError | undefined> {
  const { handler, store, broker, signal } = options;
  const all = await broker.partitionsOf(handler.reads);
  const found = (await broker.committedOffsets(handler.groupId, all)).flatMap(
    ({ topic, partition, offset, metadata }) => {
      const storeId = decodeCommitMetadata(metadata)?.storeId;
      if (storeId === undefined || storeId === store.id) return [];
      const what = `the group has committed ${offset} from the store ${storeId}, while this one is ${store.id}`;
      return [`${topic}/${partition}: ${what}`];
    },
  );
  if (found.length === 0) return undefined;
  const rows = await store.read(signal, (database) => readOffsets(database, handler.groupId));
  const disaster = rows.length === 0 ? "store-lost" : "store-foreign";
  return new ConsumeRefusedError(disaster, handler.service, handler.groupId, found);
}

/**
 * Looks while consuming goes on for another store in the group; thoroughly, for all that would have refused it at its start:
 * the store put back to an older state, a topic made anew, offsets moved. The embedded broker says by itself when it has
 * forgotten.
 * @throws KafkaError
 */
export async function findDisaster(
  options: AssignmentOptions,
  isThorough: boolean,
): Promise<ConsumeRefusedError | undefined> {
  if (!isThorough || (await options.incarnation()) !== PERSISTENT) return findForeignStore(options);
  const partitions = await options.broker.partitionsOf(options.handler.reads);
  const first = await judge(options, partitions);
  if (first.refusal === undefined) return undefined;
  await sleep(secondLookAfterMs, options.signal);
  return (await judge(options, partitions)).refusal;
}

interface Judged {
  readonly incarnation: string;
  readonly verdicts: readonly Verdict[];
  readonly refusal: ConsumeRefusedError | undefined;
}

async function judge(options: AssignmentOptions, partitions: readonly TopicPartition[]): Promise<Judged> {
  const { handler, store } = options;
  const incarnation = await options.incarnation();
  const facts = await gather(options, partitions, incarnation);
  const verdicts = facts.map((each) => judgeOffset(each, store.id, incarnation));
  const refusals = verdicts.flatMap((verdict) => (verdict.kind === "refuse" ? [verdict] : []));
  const [first] = refusals;
  const whats = refusals.map(({ what }) => what);
  const refusal = first && new ConsumeRefusedError(first.disaster, handler.service, handler.groupId, whats);
  return { incarnation, verdicts, refusal: refusal ?? (await findForeignStore(options)) };
}

/** Commits before rows before logs: each of them only grows, and must not be behind what was read before it. */
async function gather(
  { handler, store, client, broker, signal }: AssignmentOptions,
  partitions: readonly TopicPartition[],
  incarnation: string,
): Promise<PartitionFacts[]> {
  const commits = byPartition(await broker.committedOffsets(handler.groupId, partitions));
  const rows = byPartition(await store.read(signal, (database) => readOffsets(database, handler.groupId)));
  const ranges = byPartition(await broker.logRanges(partitions));
  const facts = partitions.map(({ topic, partition }) => {
    const key = keyOf({ topic, partition });
    const { start, end } = ranges.get(key) ?? { start: 0, end: 0 };
    return { topic, partition, row: rows.get(key), commit: commits.get(key), start, end, lastRecordId: undefined };
  });
  // The embedded broker says by itself that it has forgotten; a real one is known again by a record.
  if (incarnation !== PERSISTENT) return facts;
  const asked = facts.flatMap(({ topic, partition, row, start, end }) =>
    row?.lastRecordId != null && row.next > start && row.next <= end
      ? [{ topic, partition, offset: row.next - 1 }]
      : [],
  );
  const records = await readRecords(consumerSettings(client, { groupId: handler.groupId }), asked, { signal });
  const ids = byPartition(records.flatMap((record) => (record ? [{ ...record, id: recordId(record) }] : [])));
  return facts.map((each) => ({ ...each, lastRecordId: ids.get(keyOf(each))?.id }));
}

const keyOf = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`;

function byPartition<T extends TopicPartition>(list: readonly T[]): Map<string, T> {
  return new Map(list.map((each) => [keyOf(each), each]));
}
