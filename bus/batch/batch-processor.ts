import { compensations, type EventType } from "#contracts/events.ts";
import type { Store } from "#db/open-store.ts";
import type { KafkaMessage, TopicPartition } from "#kafka/upstream.ts";
import { createBackOff } from "../back-off.ts";
import { PartitionsTakenError, writeBatch, type BatchResult, type BatchWrite, type Item } from "./batch.ts";
import { type Answer, answerTo, chunksOf, currentOf, suspected, type Chunk } from "./chunks.ts";
import { type CrashMarker, createCrashMarker } from "./crash-marker.ts";
import { classify, describeError, type FailureClass } from "./error-policy.ts";
import { createHolds } from "./holds.ts";
import type { Log } from "../log.ts";
import { count, countBatch, type BusMetrics } from "../metrics.ts";
import type { Positions } from "../consume/positions.ts";
import type { BusSettings } from "../settings.ts";

export interface BatchProcessor {
  /**
   * Handles polled records, by the policy of errors, until each is committed, set aside, another instance's, or held: what
   * failed for no known reason, and what came after it in its partition. Tries what was held, when its time has come.
   */
  process(records: readonly KafkaMessage[]): Promise<void>;
  /** When held records are to be tried; Infinity where there are none. */
  dueInMs(): number;
  /** Nothing more of them is to be read. */
  held(): readonly TopicPartition[];
}

export interface BatchProcessorOptions<K extends EventType> extends BatchWrite<K> {
  readonly store: Store;
  readonly positions: Positions;
  readonly settings: BusSettings;
  readonly metrics: BusMetrics;
  readonly log: Log;
  /** The last exit was unclean: so many records run singly, behind a durable marker. */
  readonly singly: { left: number };
  /** Waits without reading and without losing the membership; gives records that came all the same. */
  readonly pauseFor: (durationMs: number) => Promise<readonly KafkaMessage[]>;
  /** Goes on where the store says, in partitions that another has moved. */
  readonly rejoin: (partitions: readonly TopicPartition[]) => Promise<void>;
}

export function createBatchProcessor<K extends EventType>(options: BatchProcessorOptions<K>): BatchProcessor {
  const { handler, store, positions, settings, metrics, log, singly, signal } = options;
  const { groupId } = handler;
  const marker = createCrashMarker(store, groupId, signal, log);
  const holds = createHolds<K>(settings);

  function chunked(records: readonly KafkaMessage[]): Chunk<K>[] {
    const firstSeenAtMs = Date.now();
    const items = records.flatMap((record) => {
      const position = positions.get(record);
      return position ? [{ record, position, firstSeenAtMs }] : [];
    });
    return chunksOf(items, singly.left);
  }

  /** After an unclean exit: behind a durable marker; condemned when the process died of it too often. */
  async function mark(chunk: Chunk<K>): Promise<Chunk<K>> {
    const [item] = chunk.items;
    if (singly.left <= 0 || chunk.suspect || chunk.items.length !== 1 || item === undefined) return chunk;
    const said = await marker.mark(item);
    singly.left -= 1;
    return suspected(chunk, said);
  }

  async function handle(chunk: Chunk<K>): Promise<void> {
    const beganMs = performance.now();
    const result = await writeBatch(options, chunk.items, chunk);
    marker.done();
    countBatch(metrics, performance.now() - beganMs);
    reportBatch(metrics, log, chunk.items, result);
  }

  async function processChunks(queue: Chunk<K>[]): Promise<void> {
    const backOff = createBackOff(settings.backOffMinMs, settings.backOffMaxMs);
    for (let next = queue.shift(); next; next = queue.shift()) {
      let current = holds.without(currentOf(next, positions));
      if (current.items.length === 0) {
        await marker.unmark();
        continue;
      }
      try {
        signal.throwIfAborted();
        current = await mark(current);
        await handle(current);
        backOff.reset();
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof PartitionsTakenError) {
          metrics.partitionsTaken += error.partitions.length;
          await options.rejoin(error.partitions);
          queue.unshift(current);
          continue;
        }
        const kind = classify(error);
        const answer = answerTo(current, kind, error, settings.unknownAttempts);
        reportFailure(metrics, log, kind, answer.chunks.length > 1, current.items.length, error);
        const chunks = await unsuspected(current, answer, marker, singly);
        if (answer.waits === "partition") chunks.forEach(holds.hold);
        else queue.unshift(...chunks);
        if (answer.waits === "service") queue.push(...chunked(await options.pauseFor(backOff.nextMs())));
      }
    }
  }

  return {
    async process(records) {
      try {
        await processChunks([...holds.takeDue(singly.left), ...chunked(records)]);
      } finally {
        await marker.unmark();
      }
    },
    dueInMs: holds.dueInMs,
    // Not those that the group gave away meanwhile, be it to this member again.
    held: () => holds.positions().filter((position) => positions.get(position) === position),
  };
}

/** Whoever kills the process while it waits for something else, however often, is not to blame a record for it. */
async function unsuspected<K extends EventType>(
  chunk: Chunk<K>,
  answer: Answer<K>,
  marker: CrashMarker,
  singly: { left: number },
): Promise<readonly Chunk<K>[]> {
  if (!answer.waits || !chunk.suspect || chunk.condemned) return answer.chunks;
  await marker.unmark();
  singly.left += 1;
  return answer.chunks.map((each) => ({ ...each, suspect: false }));
}

function reportFailure(
  metrics: BusMetrics,
  log: Log,
  kind: FailureClass,
  isSplit: boolean,
  records: number,
  error: unknown,
): void {
  log({ level: "warn", message: "a batch failed", class: kind, records, error: describeError(error) });
  if (isSplit) metrics.splits += 1;
  else if (kind === "unknown") metrics.unknownFailures += 1;
  else if (kind === "transient" || kind === "commit-unknown") {
    metrics.transientFailures += 1;
    metrics.waitingSinceMs ||= Date.now();
  }
}

function reportBatch(metrics: BusMetrics, log: Log, items: readonly Item[], result: BatchResult): void {
  metrics.consumed += items.length;
  metrics.lastBatchRecords = items.length;
  metrics.waitingSinceMs = 0;
  for (const outcome of result.handled.outcomes) count(metrics.outcomes, outcome);
  for (const { topic, partition, offset, reason, error, attempts } of result.deadLetters) {
    metrics.deadLetters += 1;
    // Until the next look at the store, which also sees what was closed.
    metrics.deadLettersOpen += 1;
    count(metrics.deadLetterReasons, reason);
    const message = isCompensation(topic)
      ? "a compensation is not done: heal or replay its dead letter"
      : "dead letter";
    log({ level: "error", message, topic, partition, offset, reason, error, attempts });
  }
  reportDifferentBodies(metrics, log, items);
}

/** The same message id again must have the same body. Seen where both come in one batch: there it costs a map. */
function reportDifferentBodies(metrics: BusMetrics, log: Log, items: readonly Item[]): void {
  const firsts = new Map<string, Item>();
  for (const item of items) {
    if (!item.decoded?.ok) continue;
    const { id } = item.decoded;
    const first = firsts.get(id);
    if (first === undefined) {
      firsts.set(id, item);
      continue;
    }
    if (Buffer.compare(first.record.value ?? Buffer.of(), item.record.value ?? Buffer.of()) === 0) continue;
    metrics.differentBodies += 1;
    const { topic, partition, offset } = item.record;
    log({ level: "error", message: "ALARM: a message id came with a different body", id, topic, partition, offset });
  }
}

const isCompensation = (topic: string) => compensations.some((compensation) => compensation === topic);
