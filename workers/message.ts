import type { Discarded } from "#bus/batch-handler.ts";
import type { EventType, OrderEvent } from "#contracts/events.ts";

/** What `decide` gets: an event, or its discard. `atMs` is when the fact happened, or when it was discarded. */
export type Message<K extends EventType> = OrderEvent<K> | Discarded<K>;
