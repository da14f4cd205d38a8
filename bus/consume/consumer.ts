import type { EventType } from "#contracts/events.ts";
import { readOffsets } from "#db/offsets.ts";
import { KafkaError } from "#kafka/errors.ts";
import { openPollLoop, type PollLoop } from "#kafka/poll-loop.ts";
import { consumerSettings } from "#kafka/settings.ts";
import { isSamePartition } from "#kafka/topic-partition.ts";
import type { KafkaMessage, TopicPartition } from "#kafka/upstream.ts";
import { type AssignmentOptions, beginPartitions, confirmStart } from "./assignment.ts";
import { createBackOff, sleep } from "../back-off.ts";
import { createBatchProcessor, type BatchProcessorOptions } from "../batch/batch-processor.ts";
import { classify, describeError } from "../batch/error-policy.ts";
import type { FaultHook } from "../fault-hook.ts";
import { ConsumeRefusedError } from "./offset-judge.ts";
import { createOffsetCommitter, type OffsetCommitter } from "./offset-committer.ts";
import { createPositions, type Positions } from "./positions.ts";
import { createRest } from "./rest.ts";
import type { StallWatch } from "./stall-watch.ts";

export interface ConsumerOptions<K extends EventType>
  extends Omit<AssignmentOptions, "handler">, Omit<BatchProcessorOptions<K>, "positions" | "pauseFor" | "rejoin"> {
  readonly faultHook: FaultHook;
  /** Why nothing may be consumed any more, once somebody has found a reason. */
  readonly refusal: () => Error | undefined;
  readonly stalls: Pick<StallWatch, "idle" | "take">;
}

/** How long one poll waits for a first record, when nothing else has to be done. */
const idlePollMs = 500;
/** The lag is a look into the client for each partition: not after each of hundreds of small batches a second. */
const lagIntervalMs = 200;

/**
 * Consumes until the signal aborts. Whatever goes wrong, the group is left and joined again, and what the store says decides
 * where it goes on.
 * @throws ConsumeRefusedError
 */
export async function consume<K extends EventType>(options: ConsumerOptions<K>): Promise<void> {
  const { signal, settings, metrics, log } = options;
  const backOff = createBackOff(settings.backOffMinMs, settings.backOffMaxMs);
  metrics.waitingSinceMs ||= Date.now();
  while (!signal.aborted) {
    try {
      await runMembership(options, () => backOff.reset());
    } catch (error) {
      if (signal.aborted) return;
      if (classify(error) === "refused") throw error;
      metrics.transientFailures += 1;
      metrics.waitingSinceMs ||= Date.now();
      log({ level: "warn", message: "left the group, will join it again", error: describeError(error) });
      await sleep(backOff.nextMs(), signal);
    }
  }
}

/** Joins the group and handles batches until the signal aborts or something fails that only a new membership answers. */
async function runMembership<K extends EventType>(options: ConsumerOptions<K>, onProgress: () => void): Promise<void> {
  const { signal, settings, metrics, log, refusal, stalls } = options;
  const positions = createPositions();
  const member = await joinGroup(options, positions);
  const processor = createBatchProcessor({ ...options, positions, pauseFor: member.pauseFor, rejoin: member.rejoin });
  const backOff = createBackOff(settings.backOffMinMs, settings.backOffMaxMs);
  const rest = createRest(settings.idleBetweenPollsMs);
  let lagSeenAtMs = 0;
  try {
    while (!signal.aborted) {
      const reasonToEnd = refusal() ?? stalls.take();
      if (reasonToEnd) throw reasonToEnd;
      let records: KafkaMessage[];
      const restMs = rest.dueMs();
      if (restMs > 0) await sleep(restMs, signal);
      try {
        const waitMs = Math.min(idlePollMs, member.dueInMs(), processor.dueInMs());
        records = await member.loop.poll(settings.maxPollRecords, waitMs);
      } catch (error) {
        if (signal.aborted || !isPollAgain(error)) throw error;
        metrics.transientFailures += 1;
        metrics.waitingSinceMs ||= Date.now();
        log({ level: "warn", message: "polling failed, polling again", error: describeError(error) });
        await sleep(backOff.nextMs(), signal);
        continue;
      }
      // What fails from here on ends the membership: the records in hand would not come again to this one.
      if (records.length > 0 || processor.dueInMs() === 0) {
        rest.begun();
        await processor.process(records);
        rest.ended();
        member.pauseOnly(processor.held());
      } else if (processor.dueInMs() === Infinity) {
        stalls.idle(); // a held partition stands still too, until it is tried often enough
      }
      await member.commitDue();
      if (records.length === 0 || performance.now() - lagSeenAtMs >= lagIntervalMs) {
        metrics.lag = lagOf(member.loop);
        lagSeenAtMs = performance.now();
      }
      // Not before a whole poll: the first fetch after an assignment may miss partitions, and they wait for its end.
      if (member.isAssigned()) metrics.waitingSinceMs = 0;
      backOff.reset();
      onProgress();
    }
  } finally {
    await member.loop.close();
  }
}

/** The next poll asks again for what this one could not settle. */
function isPollAgain(error: unknown): boolean {
  return error instanceof KafkaError ? error.kind === "retriable" : classify(error) === "transient";
}

function lagOf(loop: PollLoop): number {
  return loop.assigned().reduce((sum, { next, end }) => sum + Math.max(0, (end ?? 0) - (next ?? 0)), 0);
}

interface Member extends Pick<OffsetCommitter, "commitDue" | "dueInMs"> {
  readonly loop: PollLoop;
  /** The group has given it its partitions, be it none, and not taken them back for its silence. */
  isAssigned(): boolean;
  /** Reads on in all partitions but these. */
  pauseOnly(partitions: readonly TopicPartition[]): void;
  readonly pauseFor: (durationMs: number) => Promise<KafkaMessage[]>;
  readonly rejoin: (partitions: readonly TopicPartition[]) => Promise<void>;
}

async function joinGroup<K extends EventType>(options: ConsumerOptions<K>, positions: Positions): Promise<Member> {
  const { store, settings, signal, faultHook } = options;
  let paused = false;
  let assigned = false;
  const onAssigned = (now: boolean) => {
    assigned = now;
    if (!now) options.metrics.waitingSinceMs ||= Date.now();
  };
  const intervalMs = settings.commitIntervalMs;
  const committer = createOffsetCommitter({ positions, storeId: store.id, intervalMs, faultHook, loop: () => loop });
  const loop: PollLoop = await openLoop(options, positions, committer, onAssigned);
  return {
    loop,
    isAssigned: () => assigned,
    commitDue: committer.commitDue,
    dueInMs: committer.dueInMs,
    pauseOnly(partitions) {
      if (!paused && partitions.length === 0) return;
      const isHeld = (one: TopicPartition) => partitions.some((each) => isSamePartition(each, one));
      const assigned = loop.assigned();
      const pausing = assigned.filter((each) => isHeld(each) && !each.paused);
      const resuming = assigned.filter((each) => each.paused && !isHeld(each));
      if (pausing.length > 0) loop.pause(pausing);
      if (resuming.length > 0) loop.resume(resuming);
      paused = partitions.length > 0;
    },
    async pauseFor(durationMs) {
      const untilMs = performance.now() + durationMs;
      const late: KafkaMessage[] = [];
      for (let leftMs = durationMs; leftMs > 0 && !signal.aborted; leftMs = untilMs - performance.now()) {
        // Each time: partitions that were assigned meanwhile are read at once.
        loop.pause(loop.assigned());
        paused = true;
        try {
          late.push(...(await loop.poll(1, Math.min(leftMs, idlePollMs))));
        } catch (error) {
          if (!isPollAgain(error)) throw error;
          await sleep(Math.min(leftMs, settings.backOffMinMs), signal);
        }
      }
      return late;
    },
    rejoin: (partitions) => rejoin(options, positions, loop, partitions),
  };
}

async function openLoop<K extends EventType>(
  options: ConsumerOptions<K>,
  positions: Positions,
  committer: OffsetCommitter,
  onAssigned: (assigned: boolean) => void,
): Promise<PollLoop> {
  const { handler, client, settings, metrics, log, signal } = options;
  const { maxPollIntervalMs, sessionTimeoutMs, fetchWaitMs } = settings;
  return openPollLoop({
    settings: consumerSettings(client, { groupId: handler.groupId, maxPollIntervalMs, sessionTimeoutMs, fetchWaitMs }),
    topics: handler.reads,
    signal,
    async onAssign(partitions) {
      const { positions: begun, started } = await beginPartitions(options, partitions);
      for (const position of begun) positions.set(position);
      await committer.commit(begun);
      await confirmStart(options, started);
      onAssigned(true);
      log({ level: "info", message: "partitions assigned", partitions: begun.length, which: listed(begun) });
      return begun.map(({ topic, partition, next }) => ({ topic, partition, offset: next }));
    },
    async onRevoke(partitions) {
      log({ level: "info", message: "partitions revoked", partitions: partitions.length, which: listed(partitions) });
      await committer.commit(partitions);
      positions.remove(partitions);
    },
    onLost(partitions) {
      log({ level: "warn", message: "partitions lost", partitions: partitions.length, which: listed(partitions) });
      onAssigned(false);
      positions.remove(partitions);
      return Promise.resolve();
    },
    onPollOverdue: ({ sinceLastPollMs, limitMs }) =>
      log({ level: "error", message: "no poll for long: partitions will move", sinceLastPollMs, limitMs }),
    onCommitFailed(error, offsets) {
      metrics.commitsRefused += 1;
      log({ level: "warn", message: "the broker refused a commit", error: describeError(error) });
      committer.forget(offsets);
    },
  });
}

/** `order.start/0,1,2 payment.success/4`. */
function listed(partitions: readonly TopicPartition[]): string {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  return [...topics].map(([topic, own]) => `${topic}/${own.join()}`).join(" ");
}

/** Goes on where the store says. A row of another life of the log is for a new membership to judge. */
async function rejoin<K extends EventType>(
  { handler, store, signal }: ConsumerOptions<K>,
  positions: Positions,
  loop: PollLoop,
  partitions: readonly TopicPartition[],
): Promise<void> {
  const rows = await store.read(signal, (database) => readOffsets(database, handler.groupId));
  for (const moved of partitions) {
    const { topic, partition } = moved;
    const position = positions.get(moved);
    const row = rows.find((each) => isSamePartition(each, moved));
    // Assigned no more: whoever has it now moved it.
    if (position === undefined) continue;
    if (row?.incarnation !== position.incarnation) throw new Error(`${topic}/${partition}: its log has begun anew`);
    if (row.next < position.next) {
      const what = `the store has read up to ${row.next}, but this instance had read it up to ${position.next}`;
      throw new ConsumeRefusedError("store-old-copy", handler.service, handler.groupId, [
        `${topic}/${partition}: ${what}`,
      ]);
    }
    positions.set({ topic, partition, incarnation: row.incarnation, next: row.next, committed: undefined });
    await loop.seek([{ topic, partition, offset: row.next }]);
  }
}
