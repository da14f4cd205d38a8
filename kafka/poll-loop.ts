import { newAssignment, type Assignment } from "./assignment.ts";
import { connect, type ConnectOptions } from "./connect.ts";
import { committedOf, endOf, leaveGroup, requireTopics, seekTo } from "./consumer-calls.ts";
import { KafkaError, toKafkaError } from "./errors.ts";
import { newRangeCheck } from "./out-of-range.ts";
import { newPollWatchdog, type PollOverdue } from "./poll-watchdog.ts";
import { newBuffer, newPoller, type Buffered } from "./poller.ts";
import { newRebalances, type RebalanceCallbacks, type Rebalances } from "./rebalances.ts";
import { newConsumer, type ClientProperties, type CommittedOffset, type Consumer } from "./upstream.ts";
import { type KafkaMessage, type TopicPartition, type TopicPartitionOffset } from "./upstream.ts";

export interface PollLoopOptions extends ConnectOptions, RebalanceCallbacks {
  /** From consumerSettings. */
  readonly settings: ClientProperties;
  readonly topics: readonly string[];
  /** Nobody polled for most of `max.poll.interval.ms`: soon the broker gives the partitions to others. */
  readonly onPollOverdue: (overdue: PollOverdue) => void;
  /** The broker refused a commit. It comes during a later poll. */
  readonly onCommitFailed: (error: KafkaError, offsets: readonly TopicPartitionOffset[]) => void;
}

export interface AssignedPartition extends TopicPartition {
  /** Offset after the last message handed out; undefined before the first when it began at "earliest". */
  readonly next: number | undefined;
  /** The log's end as the last fetch saw it; undefined before the first. `end - next` is the lag. */
  readonly end: number | undefined;
  readonly paused: boolean;
}

/**
 * A member of a consumer group, polled by its owner. As with the Java client, all callbacks of a rebalance run inside `poll`
 * and `close`: no batch is being decided while partitions come and go. One call at a time.
 */
export interface PollLoop {
  /**
   * What is there of all partitions, up to `maxMessages`, each partition in order; waits up to `waitMs` for the first, and
   * never for a second. Empty when nothing came or the signal was aborted. After a retriable error, poll again.
   * @throws KafkaError; OutOfRangeError names partitions and offsets; what a callback throws, which then runs again
   */
  poll(maxMessages: number, waitMs: number): Promise<KafkaMessage[]>;
  /** Sends offsets to the broker, without waiting for its answer. */
  commit(offsets: readonly CommittedOffset[]): void;
  /** What the broker has of this group by now, undefined where nothing; a commit just sent may be under way. */
  committed(partitions: readonly TopicPartition[]): Promise<(CommittedOffset | undefined)[]>;
  seek(offsets: readonly TopicPartitionOffset[]): Promise<void>;
  /** Go on polling meanwhile: a poll without partitions to read keeps the membership. */
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  assigned(): AssignedPartition[];
  /** onRevoke for what is assigned, then leaves the group at once. */
  close(): Promise<void>;
}

/** @throws KafkaError when it cannot connect, or when a topic does not exist */
export async function openPollLoop(options: PollLoopOptions): Promise<PollLoop> {
  const assignment = newAssignment();
  const buffer = newBuffer(assignment);
  const rebalances = newRebalances(assignment, options, buffer.forget);
  const client = createClient(options, (code, partitions) => rebalances.onRebalance(client, code, partitions));
  await connect(client, options.settings, options);
  try {
    await requireTopics(client, options.topics);
    client.subscribe(options.topics);
  } catch (error) {
    await leaveGroup(client);
    throw error;
  }
  return pollLoop(client, assignment, buffer, rebalances, options);
}

function pollLoop(
  client: Consumer,
  assignment: Assignment,
  buffer: Buffered,
  rebalances: Rebalances,
  { settings, signal, onPollOverdue }: PollLoopOptions,
): PollLoop {
  const watchdog = newPollWatchdog(Number(settings["max.poll.interval.ms"]), onPollOverdue);
  const ranges = newRangeCheck(client, assignment);
  // Upstream frees a client under a call that still runs; so close waits for all of them.
  const underWay = new Set<Promise<unknown>>();
  let polling: Promise<KafkaMessage[]> | undefined;
  let closing: Promise<void> | undefined;
  let hasLeft = false;
  const isEnding = () => closing !== undefined || signal?.aborted === true;
  const poller = newPoller({ client, assignment, buffer, rebalances, watchdog, ranges, isEnding, track });

  function track<T>(running: Promise<T>): Promise<T> {
    underWay.add(running);
    return running.finally(() => underWay.delete(running));
  }

  function requireOpen(what: string): void {
    if (closing) throw new KafkaError("fatal", "ERR__STATE", `${what}: the poll loop is closed`);
  }

  async function closeOnce(): Promise<void> {
    watchdog.stop();
    await Promise.allSettled(underWay); // their errors went to whoever called
    try {
      await rebalances.leave(client);
    } finally {
      hasLeft = true;
      await leaveGroup(client);
    }
  }

  return {
    async poll(maxMessages, waitMs) {
      requireOpen("poll");
      if (polling) throw new KafkaError("fatal", "ERR__CONFLICT", "poll: the last one has not ended");
      polling = track(poller(maxMessages, performance.now() + waitMs));
      return polling.finally(() => (polling = undefined));
    },
    commit(offsets) {
      if (hasLeft) requireOpen("commit"); // while closing, onRevoke commits
      if (offsets.length > 0) client.commit(offsets);
    },
    async committed(partitions) {
      requireOpen("committed");
      return track(committedOf(client, partitions));
    },
    async seek(offsets) {
      requireOpen("seek");
      await track(Promise.all(offsets.map((offset) => seekTo(client, offset))));
      buffer.forget(offsets);
      offsets.forEach((offset) => assignment.moveTo(offset));
    },
    pause(partitions) {
      requireOpen("pause");
      client.pause(partitions);
      assignment.setPaused(partitions, true);
    },
    resume(partitions) {
      requireOpen("resume");
      client.resume(partitions);
      assignment.setPaused(partitions, false);
    },
    assigned: () =>
      assignment.all().map(({ topic, partition, next, paused }) => {
        return { topic, partition, next, paused, end: closing ? undefined : endOf(client, { topic, partition }) };
      }),
    close: () => (closing ??= closeOnce()),
  };
}

function createClient(
  { settings, onCommitFailed }: PollLoopOptions,
  onRebalance: (code: number, partitions: TopicPartition[]) => void,
): Consumer {
  try {
    return newConsumer(settings, {
      onRebalance,
      onCommitted(error, offsets) {
        if (error) onCommitFailed(toKafkaError(error, "commit"), offsets);
      },
    });
  } catch (thrown) {
    throw new KafkaError("fatal", "ERR__INVALID_ARG", `consumer settings: ${(thrown as Error).message}`, {
      cause: thrown,
    });
  }
}
