import type { EventType } from "#contracts/events.ts";
import { type Service, topics } from "#contracts/topics.ts";
import type { LogRange } from "#kafka/admin.ts";
import { isSamePartition } from "#kafka/topic-partition.ts";
import type { BatchHandler } from "../batch-handler.ts";
import type { BrokerView } from "../consume/broker-view.ts";
import type { Recovery } from "./recovery.ts";

/** Where a group goes on in a partition after a recovery. */
export interface Begin {
  readonly topic: string;
  readonly partition: number;
  readonly next: number;
  /** Records that it reads from there. */
  readonly records: number;
  /** Records that the log has before that. They were decided, but what was published then is gone from the topics. */
  readonly skipped: number;
}

export interface WhereToBeginOptions {
  readonly handler: Pick<BatchHandler, "service" | "reads">;
  readonly recovery: Pick<Recovery, "steps">;
  readonly broker: Pick<BrokerView, "offsetsAt">;
  /** The service may have published what its store does not know. */
  readonly isBlind: boolean;
}

/**
 * The start of each log; reading again is harmless where the store has learned what it had published. What retention has
 * deleted cannot be learned. A store that has not read until then would decide anew, and perhaps otherwise, what it had decided: so
 * messages that may be the first of an order are read from that time on only.
 */
export async function placesToBegin(
  { handler, recovery, broker, isBlind }: WhereToBeginOptions,
  ranges: readonly LogRange[],
  rows: readonly { readonly topic: string; readonly partition: number; readonly next: number }[],
  storeReadUntilMs: number | undefined,
  nowMs: number,
): Promise<Begin[]> {
  const read = ranges.filter(({ topic }) => handler.reads.some((name) => name === topic));
  const knownSinceMs = ownFactsKnownSinceMs(handler.service, ranges, nowMs);
  const isGap = isBlind && knownSinceMs !== undefined && (storeReadUntilMs ?? 0) < knownSinceMs;
  const isStep = ({ topic }: LogRange) => recovery.steps.some((name) => name === topic);
  const late = isGap ? await broker.offsetsAt(read.filter(isStep), knownSinceMs) : [];
  return read.map((range) => {
    const { topic, partition, start, end } = range;
    const found = late.find((each) => isSamePartition(each, range));
    const row = rows.find((each) => isSamePartition(each, range));
    // What a store has read it knows; only between that and the time of the oldest fact is it blind.
    const next = found === undefined || (row !== undefined && row.next >= found.offset) ? start : found.offset;
    return { topic, partition, next, records: end - next, skipped: next - start };
  });
}

/** Undefined: nothing was ever deleted from them. */
export function ownFactsKnownSinceMs(service: Service, ranges: readonly LogRange[], nowMs: number): number | undefined {
  const own = ranges.filter(({ topic }) => topics[topic as EventType].writers.includes(service));
  const cut = own.filter(({ start }) => start > 0).map(({ topic }) => topics[topic as EventType].retentionMs);
  return cut.length === 0 ? undefined : nowMs - Math.min(...cut);
}
