import type { OutboxMessage } from "#db/outbox.ts";
import type { RoundEnds } from "#db/shared/schema.ts";
import { KafkaError } from "#kafka/errors.ts";
import type { KafkaProducer, SendResult } from "#kafka/producer.ts";
import { createBackOff, sleep } from "../back-off.ts";
import { describeError } from "../batch/error-policy.ts";
import type { FaultHook } from "../fault-hook.ts";
import type { Log } from "../log.ts";
import { outgoingMessage } from "./outbox-messages.ts";
import { mergeEnds } from "./watermark.ts";
import type { BusMetrics } from "../metrics.ts";

export interface Delivery {
  /** Opens the producer ahead of the first row: an idempotent one takes half a second until it may send. */
  prepare(): void;
  /**
   * Sends rows until the broker has acknowledged each, however long that takes, and gives the offsets that they reached.
   * Undefined when it stopped before: told to, or `isWanted` says that nobody waits for it any more.
   * @param onRefused all that is left are messages that the broker refuses by themselves; others need not wait for them
   */
  deliver(
    rows: readonly OutboxMessage[],
    isWanted: () => boolean,
    onRefused?: () => void,
  ): Promise<RoundEnds | undefined>;
  close(): Promise<void>;
}

/** Whoever closes has waited for the rows before. */
const lastFlushMs = 200;

/** A message that the broker has acknowledged; `createdAtMs` is when it was committed to the outbox, where that is known. */
export type SentMessage = Pick<OutboxMessage, "messageId" | "topic" | "traceparent"> & {
  readonly createdAtMs?: number;
};

export interface DeliveryOptions {
  readonly openProducer: () => Promise<KafkaProducer>;
  readonly signal: AbortSignal;
  readonly backOffMinMs: number;
  readonly backOffMaxMs: number;
  readonly metrics: BusMetrics;
  readonly faultHook: FaultHook;
  readonly log: Log;
  /** Told of each message that was acknowledged. */
  readonly onSent?: ((messages: readonly SentMessage[]) => void) | undefined;
}

/** A producer that is opened when it is first needed, and anew when it broke. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { signal, backOffMinMs, backOffMaxMs, metrics, faultHook, log, onSent } = options;
  let producer: Promise<KafkaProducer> | undefined;

  function current(): Promise<KafkaProducer> {
    if (producer) return producer;
    const opening = options.openProducer();
    producer = opening;
    opening.catch(() => {
      if (producer === opening) producer = undefined;
    });
    return opening;
  }

  function drop(broken: Promise<KafkaProducer>): void {
    if (producer === broken) producer = undefined;
    // What has no report by then fails as retriable, and is sent again.
    void broken.then((opened) => opened.close(0)).catch(() => undefined);
  }

  /** One try. What failed is given back by index. */
  async function send(rows: readonly OutboxMessage[]): Promise<SendResult> {
    const opened = current();
    try {
      const sending = (await opened).send(rows.map(outgoingMessage));
      await faultHook("after-send");
      const result = await sending;
      await faultHook("after-report");
      if (result.failed.some(({ error }) => error.kind === "fatal")) drop(opened);
      return result;
    } catch (error) {
      if (!(error instanceof KafkaError && error.kind === "message")) drop(opened);
      const failure = error instanceof KafkaError ? error : new KafkaError("fatal", "ERR__FAIL", describeError(error));
      return { ends: [], failed: rows.map((_, index) => ({ index, error: failure })) };
    }
  }

  return {
    prepare: () => void current().catch(() => undefined),
    async deliver(rows, isWanted, onRefused) {
      const backOff = createBackOff(backOffMinMs, backOffMaxMs);
      let ends: RoundEnds = {};
      let left = rows;
      for (;;) {
        if (signal.aborted || !isWanted()) return undefined;
        const result = await send(left);
        if (!isWanted()) return undefined;
        ends = mergeEnds(ends, endsOf(result));
        metrics.published += left.length - result.failed.length;
        const failed = new Set(result.failed.map(({ index }) => index));
        onSent?.(left.filter((_, index) => !failed.has(index)));
        if (failed.size === 0) return ends;
        if (signal.aborted) return undefined;
        metrics.publishFailures += result.failed.length;
        const error = result.failed[0]?.error.message;
        log({ level: "warn", message: "rows not delivered, trying again", rows: failed.size, error });
        if (result.failed.every(({ error }) => error.kind === "message")) onRefused?.();
        left = left.filter((_, index) => failed.has(index));
        await sleep(backOff.nextMs(), signal);
      }
    },
    async close() {
      const last = producer;
      producer = undefined;
      await last?.then(
        (opened) => opened.close(lastFlushMs),
        // It never opened; whoever sent has said why.
        () => undefined,
      );
    },
  };
}

function endsOf({ ends }: SendResult): RoundEnds {
  const reached: Record<string, Record<string, number>> = {};
  for (const { topic, partition, offset } of ends) (reached[topic] ??= {})[partition] = offset;
  return reached;
}
