import type { Transaction } from "#db/connection.ts";
import { StoreError } from "#db/errors.ts";
import { recordRound } from "#db/instances.ts";
import type { Store } from "#db/open-store.ts";
import { insertOutbox, type OutboxMessage } from "#db/outbox.ts";
import type { FaultHook } from "../fault-hook.ts";
import type { RelayLane } from "./relay-lane.ts";

/** What a transaction gives back: something for its caller, and messages for the relay. */
export interface Written<T> {
  readonly result: T;
  readonly outbox: readonly OutboxMessage[];
}

export type OutboxWriter = <T>(
  signal: AbortSignal,
  work: (tx: Transaction, nowMs: number) => Promise<Written<T>>,
) => Promise<T>;

export interface OutboxWriterOptions {
  readonly store: Store;
  readonly instanceId: string;
  readonly lane: RelayLane;
  readonly faultHook: FaultHook;
  readonly onCommitUnknown: () => void;
}

/**
 * The one way to write a service's store: the effects, the messages that tell of them and the relay's watermark in one
 * transaction, whose rows the relay is handed when it is durable. All writers go through it, so the relay is handed rows in
 * the order of their commits: store.write runs one after another, and its caller goes on before the next one begins.
 */
export function createOutboxWriter(options: OutboxWriterOptions): OutboxWriter {
  const { store, instanceId, lane, faultHook, onCommitUnknown } = options;
  return async (signal, work) => {
    try {
      const committed = await store.write(signal, async (tx) => {
        const nowMs = Date.now();
        const { result, outbox } = await work(tx, nowMs);
        const firstSeq = outbox.length > 0 ? await insertOutbox(tx, instanceId, outbox, nowMs) : 0;
        // Asked here, under the store's lock: a round of a life of the broker that has ended must not be recorded.
        const round = lane.delivered();
        if (round) await recordRound(tx, { instanceId, ...round });
        await faultHook("before-commit");
        return { result, outbox, firstSeq, round };
      });
      if (committed.outbox.length > 0) lane.hand(committed.firstSeq, committed.outbox, Date.now());
      if (committed.round) lane.recorded(committed.round);
      await faultHook("after-commit");
      return committed.result;
    } catch (error) {
      if (error instanceof StoreError && error.kind === "commit-unknown") {
        // Its rows may be there, and nobody was handed them.
        lane.reread();
        onCommitUnknown();
      }
      throw error;
    }
  };
}
