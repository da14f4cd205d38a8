import type { Received } from "#bus/batch-handler.ts";
import type { EventData, EventType } from "#contracts/events.ts";
import { type Reason, reason } from "#contracts/fields.ts";

/** Random numbers that come again with their seed (mulberry32). */
export interface Random {
  /** A whole number from 0 up to, without, `limit`. */
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
}

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const below = (limit: number) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
  return {
    below,
    pick(list) {
      const picked = list[below(list.length)];
      if (picked === undefined) throw new RangeError("nothing to pick from");
      return picked;
    },
  };
}

/** Few enough that random messages meet on the same order, product and customer. */
export const world = {
  orderIds: [1, 2, 3, 4].map((n) => `01890000-0000-7000-8000-00000000000${n}`),
  /** The last one is unknown to stock. */
  productIds: ["p1", "p2", "p3", "p-unknown"],
  products: ["p1", "p2", "p3"].map((productId, index) => ({ productId, available: 6, priceMinor: 10 + index })),
  /** The last one has no account. */
  customerIds: ["c1", "c2", "c-unknown"],
  accounts: ["c1", "c2"].map((customerId) => ({ customerId, currency: "GBP", balanceMinor: 120 })),
} as const;

/** Messages of these types, some of them twice or thrice, each in a trace of its own or in none. */
export function randomMessages<K extends EventType>(random: Random, types: readonly K[], count: number): Received<K>[] {
  const messages: Received<K>[] = [];
  for (let n = 1; n <= count; n++) {
    const isCopy = messages.length > 0 && random.below(4) === 0;
    messages.push(isCopy ? random.pick(messages) : randomMessage(random, random.pick(types), n));
  }
  return messages;
}

/** Cuts a list anywhere into parts, none of them empty. */
export function randomCuts<T>(random: Random, list: readonly T[]): T[][] {
  const parts: T[][] = [];
  for (let from = 0; from < list.length;) {
    const to = from + 1 + random.below(9);
    parts.push(list.slice(from, to));
    from = to;
  }
  return parts;
}

function randomMessage<K extends EventType>(random: Random, type: K, n: number): Received<K> {
  const event = { type, orderId: random.pick(world.orderIds), atMs: 1_000 + n, data: randomData[type](random) };
  return { event, traceparent: random.below(3) === 0 ? null : trace(n) };
}

const trace = (n: number) => `00-${n.toString(16).padStart(32, "0")}-${n.toString(16).padStart(16, "0")}-01`;
const randomCurrency = (random: Random) => random.pick(["GBP", "GBP", "GBP", "USD"]);
const randomReason = (random: Random) => random.pick<Reason>(reason.options);

function randomLines(random: Random) {
  const first = random.below(world.productIds.length);
  const productIds = random.below(2) === 0 ? [first] : [first, (first + 1) % world.productIds.length];
  return productIds.map((index) => ({ productId: world.productIds[index] ?? "p1", quantity: 1 + random.below(3) }));
}

const randomData: { readonly [K in EventType]: (random: Random) => EventData<K> } = {
  "order.start": (random) => ({
    customerId: random.pick(world.customerIds),
    currency: randomCurrency(random),
    lines: randomLines(random),
  }),
  "stock.success": (random) => ({
    customerId: random.pick(world.customerIds),
    currency: randomCurrency(random),
    lines: randomLines(random).map((line) => ({ ...line, priceMinor: 10 })),
    totalMinor: random.pick([20, 30, 1_001, null]),
  }),
  "stock.failed": (random) => ({ reason: randomReason(random), shortLines: [] }),
  "order.created": (random) => ({
    currency: "GBP",
    totalMinor: random.below(100),
    reservedAtMs: random.below(1_000),
    deadlineAtMs: 1_000 + random.below(1_000),
  }),
  "payment.request": (random) => ({
    customerId: random.pick(world.customerIds),
    currency: randomCurrency(random),
    amountMinor: random.below(80),
  }),
  "payment.success": (random) => ({ amountMinor: random.below(80), currency: "GBP", paymentId: "payment" }),
  "payment.refunded": (random) => ({ amountMinor: random.below(80), currency: "GBP" }),
  "order.cancel.request": (random) => ({ requestedAtMs: random.below(1_000) }),
  "payment.void": (random) => ({ cause: random.pick(["customer", "deadline"]) }),
  "order.cancel": (random) => ({ reason: randomReason(random), refundedMinor: random.below(80) }),
  "stock.rollback": (random) => ({ reason: randomReason(random) }),
};
