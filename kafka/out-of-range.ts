import type { Assignment, OwnedPartition } from "./assignment.ts";
import { answered, KafkaError } from "./errors.ts";
import type { Consumer, TopicPartition, Watermarks } from "./upstream.ts";

/** A partition whose next offset is not in the log: records unread by us are gone, or the log is another one. */
export interface OutOfRange extends TopicPartition {
  readonly next: number;
  readonly start: number;
  readonly end: number;
}

export class OutOfRangeError extends KafkaError {
  override readonly name = "OutOfRangeError";
  readonly partitions: readonly OutOfRange[];

  constructor(partitions: readonly OutOfRange[]) {
    const list = partitions.map(
      ({ topic, partition, next, start, end }) => `${topic}/${partition} at ${next}, the log has ${start} to ${end}`,
    );
    super("fatal", "ERR_OFFSET_OUT_OF_RANGE", `poll: offset out of range: ${list.join("; ")}`);
    this.partitions = partitions;
  }
}

const SILENT_MS = 10_000;
const CHECK_INTERVAL_MS = 1_000;
const REQUEST_TIMEOUT_MS = 5_000;

export interface RangeCheck {
  /** What is out of range among the assigned partitions. */
  find(): Promise<OutOfRangeError | undefined>;
  /** Now and then, looks at partitions from which nothing came for long; undefined when it is not time. */
  findAmongSilent(): Promise<OutOfRangeError | undefined> | undefined;
}

/**
 * Upstream's error for an offset out of range names no partition, is said once, and is lost when messages of other
 * partitions came in the same call: the partition would be silent for ever. So the broker is asked.
 */
export function newRangeCheck(client: Consumer, assignment: Assignment): RangeCheck {
  let checkedAtMs = performance.now();

  async function among(suspects: readonly OwnedPartition[]): Promise<OutOfRangeError | undefined> {
    const found = await Promise.all(suspects.map((owned) => outOfRange(client, assignment, owned)));
    const partitions = found.flatMap((partition) => partition ?? []);
    return partitions.length > 0 ? new OutOfRangeError(partitions) : undefined;
  }

  const readable = () => assignment.all().filter(({ paused }) => !paused);
  return {
    find: () => among(readable()),
    findAmongSilent() {
      const nowMs = performance.now();
      if (nowMs - checkedAtMs < CHECK_INTERVAL_MS) return undefined;
      checkedAtMs = nowMs;
      const silent = readable().filter(({ aliveAtMs }) => nowMs - aliveAtMs >= SILENT_MS);
      for (const owned of silent) owned.aliveAtMs = nowMs; // the next look at it is as far away
      return silent.length > 0 ? among(silent) : undefined;
    },
  };
}

async function outOfRange(
  client: Consumer,
  assignment: Assignment,
  owned: OwnedPartition,
): Promise<OutOfRange | undefined> {
  const { topic, partition, next } = owned;
  if (next === undefined) return undefined; // begun at the log's start, wherever that is
  const { lowOffset: start, highOffset: end } = await answered<Watermarks>(
    `look up the log of ${topic}/${partition}`,
    (done) => client.queryWatermarkOffsets(topic, partition, REQUEST_TIMEOUT_MS, done),
  );
  const unmoved = assignment.get(owned) === owned && owned.next === next;
  return unmoved && (next < start || next > end) ? { topic, partition, next, start, end } : undefined;
}
