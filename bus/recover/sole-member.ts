import type { LogRange } from "#kafka/admin.ts";
import { KafkaError } from "#kafka/errors.ts";
import { openPollLoop, type PollLoop } from "#kafka/poll-loop.ts";
import { consumerSettings } from "#kafka/settings.ts";
import { isSamePartition } from "#kafka/topic-partition.ts";
import type { ClientProperties, CommittedOffset, TopicPartition } from "#kafka/upstream.ts";
import { sleep } from "../back-off.ts";
import type { BatchHandler } from "../batch-handler.ts";
import { CannotRecoverError } from "./learn.ts";

export interface SoleMemberOptions {
  readonly handler: Pick<BatchHandler, "groupId" | "reads">;
  readonly client: ClientProperties;
  /** All that the group reads. */
  readonly partitions: readonly LogRange[];
  readonly sessionTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** Longer than a dead member is waited for. */
const joinMarginMs = 20_000;
const commitWaitMs = 20_000;
const pollMs = 200;

/**
 * Runs `work` while this process has all partitions of the group and nothing of them is consumed: nobody else of the group can
 * decide anything meanwhile. Then commits what it gives, waiting until the broker has it.
 * @throws CannotRecoverError when others are in the group
 */
export async function asSoleMember<T>(
  options: SoleMemberOptions,
  work: (signal: AbortSignal) => Promise<{ readonly result: T; readonly commits: readonly CommittedOffset[] }>,
): Promise<T> {
  const { handler, client, partitions, sessionTimeoutMs, signal } = options;
  const ended = new AbortController();
  let assigned = 0;
  const lost = () => {
    assigned = 0;
    ended.abort(new CannotRecoverError("another instance joined the group: stop all but this one, and try again"));
    return Promise.resolve();
  };
  let isReady = false;
  const loop = await openPollLoop({
    settings: consumerSettings(client, { groupId: handler.groupId, sessionTimeoutMs }),
    topics: handler.reads,
    signal,
    onAssign(given) {
      assigned += given.length;
      return Promise.resolve(given.map((each) => ({ ...each, offset: startOf(partitions, each) })));
    },
    onRevoke: (taken) => (isReady ? lost() : Promise.resolve(void (assigned -= taken.length))),
    onLost: lost,
    onPollOverdue: () => {},
    onCommitFailed: () => {},
  });
  const all = AbortSignal.any([signal, ended.signal]);
  try {
    const untilMs = performance.now() + sessionTimeoutMs + joinMarginMs;
    while (assigned < partitions.length) {
      signal.throwIfAborted();
      if (performance.now() > untilMs) throw others(partitions.length - assigned);
      await pollNothing(loop);
    }
    isReady = true;
    const { result, commits } = await whilePolling(loop, work(all));
    ended.signal.throwIfAborted();
    await commitAll(loop, commits, all);
    isReady = false;
    return result;
  } finally {
    isReady = false;
    await loop.close();
  }
}

function startOf(ranges: readonly LogRange[], partition: TopicPartition): number {
  return ranges.find((range) => isSamePartition(range, partition))?.start ?? 0;
}

const others = (count: number) =>
  new CannotRecoverError(
    `others are in the group and have ${count} of its partitions: stop all other instances of the service, and try again`,
  );

/** What comes is not looked at: it comes again to whoever consumes. */
async function pollNothing(loop: PollLoop): Promise<void> {
  loop.pause(loop.assigned());
  try {
    await loop.poll(1, pollMs);
  } catch (error) {
    // Paused from the start of each log, which may be behind what retention left.
    if (!(error instanceof KafkaError)) throw error;
  }
}

/** A member that does not poll is taken for dead. */
async function whilePolling<T>(loop: PollLoop, working: Promise<T>): Promise<T> {
  let isDone = false;
  const done = working.finally(() => (isDone = true));
  done.catch(() => undefined); // awaited below
  while (!isDone) await pollNothing(loop);
  return done;
}

async function commitAll(loop: PollLoop, commits: readonly CommittedOffset[], signal: AbortSignal): Promise<void> {
  loop.commit(commits);
  for (const untilMs = performance.now() + commitWaitMs; ;) {
    signal.throwIfAborted();
    const there = await loop.committed(commits);
    if (commits.every(({ offset, metadata }, index) => isSame(there[index], offset, metadata))) return;
    if (performance.now() > untilMs) throw new Error("the broker did not take the group's offsets");
    await pollNothing(loop);
    await sleep(pollMs / 4, signal);
  }
}

const isSame = (there: CommittedOffset | undefined, offset: number, metadata: string | null | undefined) =>
  there?.offset === offset && there.metadata === metadata;
