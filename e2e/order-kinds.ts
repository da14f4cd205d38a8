// For tests only.
import type { Line } from "#contracts/fields.ts";
import type { OrderRecord } from "./agreement.ts";

interface Kind {
  readonly line: Line;
  readonly currency: string;
  /** What its customer has; 0: no account. */
  readonly balanceMinor: number;
  readonly spentMinor: number;
  /** What the stores must have of it at its end: no more and no less. */
  readonly record: OrderRecord;
}

const rejected = (reason: string): OrderRecord => ({
  ends: { intake: `rejected (${reason})`, stock: `refused (${reason})`, order: `rejected (${reason})`, payment: null },
  published: { intake: ["order.start"], stock: ["stock.failed"], order: [], payment: [] },
  transfers: [],
  holds: [],
});

const notCreated = (reason: string): OrderRecord => ({
  ends: {
    intake: `cancelled (${reason})`,
    stock: `released (${reason})`,
    order: `cancelled (${reason})`,
    payment: null,
  },
  published: {
    intake: ["order.start"],
    stock: ["stock.success"],
    order: ["order.cancel", "stock.rollback"],
    payment: [],
  },
  transfers: [],
  holds: [],
});

const refused = (reason: string): OrderRecord => ({
  ends: {
    intake: `cancelled (${reason})`,
    stock: `released (${reason})`,
    order: `cancelled (${reason})`,
    payment: `refused (${reason})`,
  },
  published: {
    intake: ["order.start"],
    stock: ["stock.success"],
    order: ["order.created", "payment.request"],
    payment: ["order.cancel", "stock.rollback"],
  },
  transfers: [],
  holds: [],
});

/** What the shop of these orders sells, minor units of GBP. */
export const shelves = {
  prices: [
    { productId: "mug", priceMinor: 100 },
    { productId: "yacht", priceMinor: 1_000_100 },
    { productId: "sold-out", priceMinor: 100 },
  ],
  stocked: ["mug", "yacht"].map((productId) => ({ productId, quantity: 1_000_000 })),
} as const;

/**
 * Orders that end in each way that a shop's own data can bring about. A mug costs 100; `sold-out` has no pieces. One yacht is over the
 * limit: by mugs, a hundred such orders at once, as wait for a service that is down, would take all that there are.
 */
export const orderKinds = {
  paid: {
    line: { productId: "mug", quantity: 3 },
    currency: "GBP",
    balanceMinor: 1_000,
    spentMinor: 300,
    record: {
      ends: { intake: "paid", stock: "sold", order: "paid", payment: "charged" },
      published: {
        intake: ["order.start"],
        stock: ["stock.success"],
        order: ["order.created", "payment.request"],
        payment: ["payment.success"],
      },
      transfers: ["charge 300"],
      holds: ["3 mug"],
    },
  },
  "stock short": {
    line: { productId: "sold-out", quantity: 1 },
    currency: "GBP",
    balanceMinor: 1_000,
    spentMinor: 0,
    record: rejected("stock-short"),
  },
  "unknown product": {
    line: { productId: "ghost", quantity: 1 },
    currency: "GBP",
    balanceMinor: 1_000,
    spentMinor: 0,
    record: rejected("unknown-product"),
  },
  "balance short": {
    line: { productId: "mug", quantity: 3 },
    currency: "GBP",
    balanceMinor: 299,
    spentMinor: 0,
    record: refused("balance-short"),
  },
  "unknown customer": {
    line: { productId: "mug", quantity: 3 },
    currency: "GBP",
    balanceMinor: 0,
    spentMinor: 0,
    record: refused("unknown-customer"),
  },
  "total over the limit": {
    line: { productId: "yacht", quantity: 1 },
    currency: "GBP",
    balanceMinor: 2_000_000,
    spentMinor: 0,
    record: notCreated("total-over-limit"),
  },
  "other currency": {
    line: { productId: "mug", quantity: 3 },
    currency: "EUR",
    balanceMinor: 1_000,
    spentMinor: 0,
    record: notCreated("currency-mismatch"),
  },
} satisfies Record<string, Kind>;

export type OrderKind = keyof typeof orderKinds;
