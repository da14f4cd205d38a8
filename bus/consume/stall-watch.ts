import type { EventType } from "#contracts/events.ts";
import { readOffsets } from "#db/offsets.ts";
import { readRecords } from "#kafka/record-reader.ts";
import { consumerSettings } from "#kafka/settings.ts";
import type { TopicPartitionOffset } from "#kafka/upstream.ts";
import type { BatchHandler } from "../batch-handler.ts";
import type { Log } from "../log.ts";
import type { BusMetrics } from "../metrics.ts";
import type { BusSettings } from "../settings.ts";
import type { AssignmentOptions } from "./assignment.ts";

/** Records wait that the group does not read, while this member of it polls and is handed nothing. */
export class StalledError extends Error {
  override readonly name = "StalledError";
}

export interface StallWatch {
  /** The poll loop was handed nothing: whatever waits, it is not for want of time. */
  idle(): void;
  /** @throws KafkaError and StoreError */
  look(): Promise<void>;
  /** Why the group is to be joined anew; once for each time that it is found. */
  take(): StalledError | undefined;
}

export interface StallWatchOptions<K extends EventType> extends Omit<AssignmentOptions, "handler"> {
  readonly handler: Pick<BatchHandler<K>, "groupId" | "reads">;
  readonly settings: Pick<BusSettings, "stallAfterMs">;
  readonly metrics: Pick<BusMetrics, "stalls">;
  readonly log: Log;
}

/** Joining anew may not help: the next time is twice as far away, up to so many times the first. */
const rarestTimes = 16;
const namedAtMost = 5;

interface Behind extends TopicPartitionOffset {
  readonly incarnation: string;
  readonly end: number;
  readonly sinceMs: number;
}

/**
 * Finds partitions that stand still by what all members share, the store's offsets and the broker's logs: those that the
 * group gave to a member that is gone or hangs, and those of which the client says that it has them, and that it does not read.
 */
export function createStallWatch<K extends EventType>(options: StallWatchOptions<K>): StallWatch {
  const { handler, store, client, broker, settings, metrics, log, signal } = options;
  let idleAtMs = Number.NEGATIVE_INFINITY;
  let seen = new Map<string, Behind>();
  let joinedAtMs = Number.NEGATIVE_INFINITY;
  let gapMs = settings.stallAfterMs;
  let stalled: StalledError | undefined;

  async function findBehind(): Promise<Behind[]> {
    const incarnation = await options.incarnation();
    const partitions = await broker.partitionsOf(handler.reads);
    const rows = await store.read(signal, (database) => readOffsets(database, handler.groupId));
    const next = new Map(rows.map((row) => [`${keyOf(row)}/${row.incarnation}`, row.next]));
    const sinceMs = performance.now();
    return (await broker.logRanges(partitions)).flatMap(({ topic, partition, start, end }) => {
      const offset = next.get(`${keyOf({ topic, partition })}/${incarnation}`) ?? start;
      const before = seen.get(keyOf({ topic, partition }));
      if (offset < start || offset >= end) return []; // what is below the log's start is another's to judge
      const isSame = before?.offset === offset && before.incarnation === incarnation;
      return [{ topic, partition, offset, incarnation, end, sinceMs: isSame ? before.sinceMs : sinceMs }];
    });
  }

  return {
    idle: () => void (idleAtMs = performance.now()),
    take() {
      const taken = stalled;
      stalled = undefined;
      return taken;
    },
    async look() {
      const behind = await findBehind();
      seen = new Map(behind.map((each) => [keyOf(each), each]));
      const nowMs = performance.now();
      const isIdle = (sinceMs: number) => idleAtMs > sinceMs && nowMs - idleAtMs < settings.stallAfterMs / 2;
      const still = behind.filter(({ sinceMs }) => nowMs - sinceMs >= settings.stallAfterMs && isIdle(sinceMs));
      const isTime = nowMs - joinedAtMs >= gapMs;
      if (still.length === 0 && isTime) gapMs = settings.stallAfterMs;
      if (still.length === 0 || !isTime) return;
      // Only what is read is proof: a transaction's marker takes an offset, and is no record.
      const records = await readRecords(consumerSettings(client, { groupId: handler.groupId }), still, { signal });
      const proven = still.filter((_, index) => records[index] !== undefined);
      if (proven.length === 0) return;
      joinedAtMs = nowMs;
      gapMs = Math.min(gapMs * 2, settings.stallAfterMs * rarestTimes);
      metrics.stalls += 1;
      const names = proven.slice(0, namedAtMost).map((each) => `${keyOf(each)} at ${each.offset} of ${each.end}`);
      const more = proven.length > namedAtMost ? ` and ${proven.length - namedAtMost} more` : "";
      const which = names.join(", ") + more;
      log({
        level: "error",
        message: "partitions stand still: joining the group anew",
        partitions: proven.length,
        which,
      });
      stalled = new StalledError(`nobody reads ${which}`);
    },
  };
}

const keyOf = ({ topic, partition }: { topic: string; partition: number }) => `${topic}/${partition}`;
