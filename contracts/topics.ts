import type { EventType } from "./events.ts";

/** Who writes and answers for a store. The names are in message sources: never change. */
export const services = ["intake", "stock", "order", "payment"] as const;
export type Service = (typeof services)[number];

/**
 * Consumer groups. Never change an id: the broker's offsets and the services' own are kept by it, and a new id would
 * read every topic from its beginning. `view` is intake's reader, named for what it keeps.
 */
export const groups = {
  view: "orderwright.view",
  stock: "orderwright.stock",
  order: "orderwright.order",
  payment: "orderwright.payment",
} as const;
export type Group = keyof typeof groups;

/** A topic as it must be at the broker, and who meets there. */
export interface Topic {
  readonly name: EventType;
  readonly partitions: number;
  readonly retentionMs: number;
  readonly writers: readonly Service[];
  /** Group ids. */
  readonly readers: readonly string[];
}

/**
 * Never change for a topic that exists: the partition of an order is a hash modulo this number, and messages of one order
 * would part. 12 divides evenly among 1, 2, 3, 4, 6 and 12 instances of a service.
 */
const partitions = 12;

/**
 * Seven days: the longest that a reader may be down and still find every message that it has not read, and that a
 * restored store finds its own facts again. State rows, fences and tombstones must outlive it, and outlive dead letters
 * and archives too: they are what makes an old message change nothing.
 */
const retentionMs = 7 * 24 * 60 * 60 * 1000;

/** The topics, by the type of event that each carries. */
export const topics: Readonly<Record<EventType, Topic>> = {
  "order.start": topic("order.start", ["intake"], ["stock"]),
  "stock.success": topic("stock.success", ["stock"], ["order"]),
  "stock.failed": topic("stock.failed", ["stock"], ["order", "view"]),
  "order.created": topic("order.created", ["order"], ["view"]),
  "payment.request": topic("payment.request", ["order"], ["payment"]),
  "payment.success": topic("payment.success", ["payment"], ["order", "stock", "view"]),
  "payment.refunded": topic("payment.refunded", ["payment"], ["view"]),
  "order.cancel.request": topic("order.cancel.request", ["intake"], ["order"]),
  "payment.void": topic("payment.void", ["order"], ["payment"]),
  "order.cancel": topic("order.cancel", ["order", "payment"], ["order", "view"]),
  "stock.rollback": topic("stock.rollback", ["order", "payment"], ["stock"]),
};

function topic(name: EventType, writers: readonly Service[], readers: readonly Group[]): Topic {
  return { name, partitions, retentionMs, writers, readers: readers.map((group) => groups[group]) };
}

/** Copies of dead letters, for other tools; the rows in the services' stores are the truth, so a month is plenty. */
export function deadLetterTopic(origin: Topic) {
  return { name: `${origin.name}.dlq`, partitions: 1, retentionMs: 30 * 24 * 60 * 60 * 1000, readers: [] };
}
