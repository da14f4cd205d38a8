import { outgoingMessage } from "#bus/relay/outbox-messages.ts";
import type { Written } from "#bus/relay/outbox-writer.ts";
import type { Transaction } from "#db/connection.ts";
import type { Store } from "#db/open-store.ts";
import { insertOutbox, type OutboxMessage } from "#db/outbox.ts";
import type { KafkaProducer } from "#kafka/producer.ts";
import type { Counts } from "./counts.ts";

type Work<T> = (tx: Transaction, nowMs: number) => Promise<Written<T>>;

/** Writes the store and publishes what the transaction put into the outbox. */
export interface Writes {
  /** Resolves when the transaction is durable and the broker has acknowledged its messages. */
  writeAndPublish<T>(signal: AbortSignal, work: Work<T>): Promise<T>;
  /** Resolves when the transaction is durable; its messages go out meanwhile. For HTTP, as shipped. */
  write<T>(signal: AbortSignal, work: Work<T>): Promise<T>;
}

export interface WritesOptions {
  readonly store: Store;
  readonly instanceId: string;
  readonly producer: KafkaProducer;
  readonly counts: Counts;
  readonly onPublishFailed: (error: Error) => void;
}

/**
 * The outbox's rows are as durable as the shipped saga's. What a crash between COMMIT and produce leaves, a start would have to
 * publish; that costs nothing while it runs, and is not built here.
 */
export function createWrites(options: WritesOptions): Writes {
  const { store, instanceId, producer, counts, onPublishFailed } = options;

  async function commit<T>(signal: AbortSignal, work: Work<T>): Promise<Written<T>> {
    const written = await store.write(signal, async (tx) => {
      const nowMs = Date.now();
      const done = await work(tx, nowMs);
      if (done.outbox.length > 0) await insertOutbox(tx, instanceId, done.outbox, nowMs);
      return done;
    });
    counts.transactions += 1;
    return written;
  }

  async function publish(outbox: readonly OutboxMessage[]): Promise<void> {
    if (outbox.length === 0) return;
    counts.produces += 1;
    const { failed } = await producer.send(outbox.map(outgoingMessage));
    if (failed[0]) throw failed[0].error;
  }

  return {
    async writeAndPublish(signal, work) {
      const { result, outbox } = await commit(signal, work);
      await publish(outbox);
      return result;
    },
    async write(signal, work) {
      const { result, outbox } = await commit(signal, work);
      publish(outbox).catch(onPublishFailed);
      return result;
    },
  };
}
