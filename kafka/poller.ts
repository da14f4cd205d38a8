import type { Assignment } from "./assignment.ts";
import { consume } from "./consumer-calls.ts";
import type { RangeCheck } from "./out-of-range.ts";
import type { Rebalances } from "./rebalances.ts";
import { isSamePartition } from "./topic-partition.ts";
import type { Consumer, KafkaMessage, TopicPartition } from "./upstream.ts";

export interface Poller {
  readonly client: Consumer;
  readonly assignment: Assignment;
  readonly buffer: Buffered;
  readonly rebalances: Rebalances;
  readonly ranges: RangeCheck;
  readonly watchdog: { polled(): void };
  readonly isEnding: () => boolean;
  readonly track: <T>(running: Promise<T>) => Promise<T>;
}

// Rebalances are settled between two waits of the client, so it waits in slices.
const WAIT_SLICE_MS = 100;
const WAIT_SLICE_UNASSIGNED_MS = 20;

/** One `poll`: settles what rebalances came, then hands out what is there, waiting until `untilMs` for the first message. */
export function newPoller({ client, assignment, buffer, rebalances, ranges, watchdog, isEnding, track }: Poller) {
  let failure: Error | undefined;

  async function readInto(maxMessages: number, waitMs: number): Promise<void> {
    const { messages, error } = await consume(client, maxMessages, waitMs);
    watchdog.polled();
    buffer.add(messages);
    // Not cleared where there is no error: a look at silent partitions may have ended meanwhile.
    if (error) failure = error.code === "ERR__AUTO_OFFSET_RESET" ? ((await ranges.find()) ?? error) : error;
    const looking = ranges.findAmongSilent();
    if (!looking) return;
    // Not awaited: with the broker gone it would hold the poll for as long as its timeout.
    void track(looking).then(
      (outOfRange) => (failure ??= outOfRange),
      () => {}, // the broker does not answer: nothing is known about the offsets
    );
  }

  return async (maxMessages: number, untilMs: number): Promise<KafkaMessage[]> => {
    for (let hasRead = false; ; hasRead = true) {
      await rebalances.settle(client);
      const messages = buffer.take(maxMessages);
      if (messages.length > 0) {
        assignment.advance(messages);
        return messages;
      }
      const failed = failure;
      failure = undefined;
      if (failed) throw failed;
      const leftMs = Math.max(0, untilMs - performance.now());
      if (hasRead && (leftMs === 0 || isEnding())) return [];
      const sliceMs = assignment.all().length > 0 ? WAIT_SLICE_MS : WAIT_SLICE_UNASSIGNED_MS;
      await readInto(maxMessages, Math.min(leftMs, sliceMs));
    }
  };
}

/** What was read and not yet handed out: a rebalance or an error came between. Empty most of the time. */
export interface Buffered {
  add(messages: KafkaMessage[]): void;
  take(maxMessages: number): KafkaMessage[];
  forget(partitions: readonly TopicPartition[]): void;
}

export function newBuffer(assignment: Assignment): Buffered {
  let messages: KafkaMessage[] = [];
  return {
    add(more) {
      messages = messages.length > 0 ? [...messages, ...more] : more;
    },
    take(maxMessages) {
      const held = messages;
      const anyPaused = held.length > 0 && assignment.all().some(({ paused }) => paused);
      if (!anyPaused && held.length <= maxMessages) {
        messages = [];
        return held;
      }
      const ready = held.filter((message) => !assignment.get(message)?.paused).slice(0, maxMessages);
      const taken = new Set(ready);
      messages = held.filter((message) => !taken.has(message));
      return ready;
    },
    forget(partitions) {
      if (messages.length === 0) return;
      messages = messages.filter((message) => !partitions.some((each) => isSamePartition(each, message)));
    },
  };
}
