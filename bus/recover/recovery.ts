import type { EventType, OrderEvent } from "#contracts/events.ts";
import type { Transaction } from "#db/connection.ts";

/** One of an order's facts, as its message id names it. */
export type FactName = Exclude<EventType, "payment.void"> | "payment.void/customer" | "payment.void/deadline";

type TypeOf<N extends FactName> = N extends EventType ? N : "payment.void";

/** What topics tell of one order, each fact as it came first. Of topics with two writers: what the service wrote. */
export interface OrderFacts {
  readonly orderId: string;
  told<N extends FactName>(name: N): OrderEvent<TypeOf<N>> | undefined;
}

/** What a service learned of some orders. */
export interface Learned {
  /** Rows that were added or moved on. */
  readonly rows: number;
  /**
   * Facts that were committed with learned ones and never reached their topics: a decision publishes all of its facts or none.
   */
  readonly missing: readonly OrderEvent[];
  /** What could not be learned, for a person. */
  readonly problems: readonly string[];
}

/**
 * How a service that lost its store, or a part of it, learns what it had published, so that it decides nothing again in
 * another way. All of it may run again: what is known already changes nothing.
 */
export interface Recovery<K extends EventType = EventType> {
  /** Its own topics, and those of others that say what its own leave out. */
  readonly learnsFrom: readonly EventType[];
  /**
   * Of the topics that its group reads: those whose messages may be the first that it keeps of an order. They are not read
   * again from before the time that its own topics still tell of.
   */
  readonly steps: readonly K[];
  learn(tx: Transaction, orders: readonly OrderFacts[]): Promise<Learned>;
  /** When all is learned: adds up what follows from the rows. Says what a person has to know and to do. */
  settle(tx: Transaction, nowMs: number): Promise<readonly string[]>;
}
