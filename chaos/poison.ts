import { Buffer } from "node:buffer";
import { encode } from "#contracts/envelope.ts";
import { type EventType, eventTypes, type OrderEvent } from "#contracts/events.ts";
import type { PoisonReason } from "#contracts/envelope.ts";
import type { Random } from "#workers/testing/random-messages.ts";

/** A message that no reader can take, as it goes to the broker. */
export interface Poison {
  readonly kind: string;
  readonly topic: EventType;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly reason: PoisonReason;
}

type Parts = Pick<Poison, "key" | "value" | "reason">;

interface Recipe {
  readonly kind: string;
  /** Of this order, or near it; `other` is another order. */
  make(topic: EventType, orderId: string, other: string, nonce: number): Parts;
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** A message as its writer would publish it, of an order that is none of the shop's unless somebody gives it its id. */
function genuine(topic: EventType, orderId: string, nonce: number) {
  const money = { amountMinor: 300, currency: "GBP" };
  const lines = [{ productId: "mug", quantity: 3, priceMinor: 100 }];
  const data: { readonly [T in EventType]: Extract<OrderEvent, { type: T }>["data"] } = {
    "order.start": { customerId: "c", currency: "GBP", lines: [{ productId: "mug", quantity: 3 }] },
    "stock.success": { customerId: "c", currency: "GBP", lines, totalMinor: 300 },
    "stock.failed": { reason: "stock-short", shortLines: [] },
    "order.created": { currency: "GBP", totalMinor: 300, reservedAtMs: 1, deadlineAtMs: 2 },
    "payment.request": { customerId: "c", ...money },
    "payment.success": { ...money, paymentId: `charge/${orderId}` },
    "payment.refunded": money,
    "order.cancel.request": { requestedAtMs: 1 },
    "payment.void": { cause: "customer" },
    "order.cancel": { reason: "customer", refundedMinor: 0 },
    "stock.rollback": { reason: "customer" },
  };
  const event = { type: topic, orderId, atMs: nonce, data: data[topic] } as OrderEvent;
  return encode(event, "stock").value;
}

const text = (value: Uint8Array) => new TextDecoder().decode(value);
const changed = (value: Uint8Array, from: string | RegExp, to: string) => bytes(text(value).replace(from, to));

/** Ten ways in which a record is no message, most of them under the key of a real order. */
export const recipes: readonly Recipe[] = [
  recipe("no JSON", "no-json", (_topic, _id, nonce) => bytes(`{"poison": ${nonce}`)),
  recipe("no UTF-8", "no-json", (_topic, _id, nonce) => Uint8Array.of(0xff, 0xfe, nonce & 0xff, (nonce >> 8) & 0xff)),
  recipe("cut short", "no-json", (topic, id, nonce) => {
    const value = genuine(topic, id, nonce);
    return value.slice(0, value.length - 8);
  }),
  recipe("no envelope", "schema-violation", (_topic, _id, nonce) => bytes(JSON.stringify({ hello: nonce }))),
  recipe("a field missing", "schema-violation", (topic, id, nonce) =>
    changed(genuine(topic, id, nonce), /"subject":"[^"]*",/, ""),
  ),
  recipe("another fact's id", "schema-violation", (topic, id, nonce) =>
    changed(genuine(topic, id, nonce), `"id":"${topic}/`, `"id":"x${topic}/`),
  ),
  recipe("a type of no topic", "unknown-type", (_topic, _id, nonce) =>
    bytes(JSON.stringify({ type: "order.maybe", nonce })),
  ),
  recipe("a later version", "unknown-type", (topic, id, nonce) =>
    changed(genuine(topic, id, nonce), /(urn:orderwright:event:[\w.]+):1/, "$1:2"),
  ),
  {
    kind: "another order's key",
    make: (topic, orderId, other, nonce) => ({
      key: bytes(other),
      value: genuine(topic, orderId, nonce),
      reason: "wrong-key",
    }),
  },
  {
    kind: "no key",
    make: (topic, orderId, _other, nonce) => ({
      key: null,
      value: genuine(topic, orderId, nonce),
      reason: "wrong-key",
    }),
  },
];

function recipe(
  kind: string,
  reason: PoisonReason,
  valueOf: (topic: EventType, orderId: string, nonce: number) => Uint8Array,
): Recipe {
  return {
    kind,
    make: (topic, orderId, _other, nonce) => ({ key: bytes(orderId), value: valueOf(topic, orderId, nonce), reason }),
  };
}

const nobodysOrder = "01890000-0000-7000-8000-000000000000";

/** The nonce tells two of one kind apart; it is a moment, too, so it stays a number of ms. */
export function makePoison(random: Random, orderIds: readonly string[], nonce: number): Poison {
  const topic = random.pick(eventTypes);
  const { kind, make } = recipes[nonce % recipes.length] ?? random.pick(recipes);
  const orderId = random.pick(orderIds);
  // Under its own key it would be no poison, but one more message of that order.
  const others = orderIds.filter((each) => each !== orderId);
  const other = others.length > 0 ? random.pick(others) : nobodysOrder;
  return { kind, topic, ...make(topic, orderId, other, 1_000_000 + nonce) };
}

/** By what a dead letter is known again. */
export function printOf(topic: string, key: Uint8Array | null, value: Uint8Array | null): string {
  const part = (each: Uint8Array | null) => (each === null ? "-" : Buffer.from(each).toString("base64"));
  return `${topic} ${part(key)} ${part(value)}`;
}
