import type { EventType, OrderEvent } from "#contracts/events.ts";

/**
 * A message that an operator discarded: a dead letter whose step is decided from topic and key alone, its data being
 * unreadable or unwanted. A step becomes its refusal, a verdict is applied.
 */
export type Discarded<K extends EventType> = {
  [T in K]: { readonly type: T; readonly orderId: string; readonly atMs: number; readonly data: null };
}[K];

/** What `decide` gets: an event, or its discard. `atMs` is when the fact happened, or when it was discarded. */
export type Message<K extends EventType> = OrderEvent<K> | Discarded<K>;
