import type { DiscardableType, EventType, OrderEvent } from "#contracts/events.ts";
import type { Service } from "#contracts/topics.ts";
import type { Transaction } from "#db/connection.ts";

/** A message of a batch, decoded and valid. */
export interface Received<K extends EventType = EventType> {
  readonly event: OrderEvent<K>;
  /** W3C trace context of the record, null where it had none or a broken one; handed on to what it causes. */
  readonly traceparent: string | null;
}

/**
 * A message that an operator discarded: a dead letter whose step is decided from topic and key alone, its data being
 * unreadable or unwanted. A step becomes its refusal, a verdict is applied.
 */
export type Discarded<K extends EventType> = {
  [T in K]: { readonly type: T; readonly orderId: string; readonly atMs: number; readonly data: null };
}[K];

/** A discard, and the trace of the message. */
export interface ReceivedDiscard<K extends EventType = EventType> {
  readonly event: Discarded<Extract<K, DiscardableType>>;
  readonly traceparent: string | null;
}

/** An event to publish, and the trace that it belongs to. */
export interface Outgoing {
  readonly event: OrderEvent;
  readonly traceparent: string | null;
}

/** What one message came to: a service's decide names it; the bus only counts it. */
export type Outcome = string;

export interface Handled {
  readonly outbox: readonly Outgoing[];
  /** In the order of the messages. */
  readonly outcomes: readonly Outcome[];
  /**
   * Called once the batch is durable, with nothing awaited: for who listens in this process. Not called when the answer to the
   * COMMIT was lost, so whoever must know also looks by itself.
   */
  readonly onCommitted?: () => void;
}

/** What a service is to the bus. */
export interface BatchHandler<K extends EventType = EventType> {
  readonly service: Service;
  /** Never change, see contracts/topics.ts. */
  readonly groupId: string;
  readonly reads: readonly K[];
  /**
   * Decides a batch inside its write transaction: loads the rows that it needs, folds the state through the messages in
   * their order, saves. A constant number of statements whatever the size. Keeps nothing between two calls; may be called
   * again with the same messages, or a part of them, after a rollback.
   */
  handle(tx: Transaction, messages: readonly Received<K>[], nowMs: number): Promise<Handled>;
  /** Decides the discard of a dead letter, as `handle` a message: by the table, under the guard of the order's row. */
  discard(tx: Transaction, message: ReceivedDiscard<K>, nowMs: number): Promise<Handled>;
}
