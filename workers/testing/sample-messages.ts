import type { Received } from "#bus/batch-handler.ts";
import type { EventData, EventType } from "#contracts/events.ts";

/** One message of a type for each of `count` orders that go the plain way: enough stock, enough money, GBP. */
export function sampleMessages<K extends EventType>(type: K, count: number, linesPerOrder = 1): Received<K>[] {
  return Array.from({ length: count }, (_, index) => {
    const data = sampleData[type](index, linesPerOrder);
    const event = { type, orderId: sampleOrderId(index), atMs: 1_000, data };
    return { event, traceparent: sampleTrace(index) };
  });
}

export const sampleOrderId = (index: number) => `01890000-0000-7000-8000-${hex(index, 12)}`;
const sampleTrace = (index: number) => `00-${hex(index + 1, 32)}-${hex(index + 1, 16)}-01`;
const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");

/** As many as there are, so that a batch of 500 has both its own and shared ones. */
export const sampleProducts = Array.from({ length: 400 }, (_, index) => {
  return { productId: `product-${index}`, available: 1_000_000, priceMinor: 250 };
});
export const sampleAccounts = Array.from({ length: 400 }, (_, index) => {
  return { customerId: `customer-${index}`, currency: "GBP", balanceMinor: 1_000_000_000 };
});

export function sampleLines(index: number, linesPerOrder: number) {
  return Array.from({ length: linesPerOrder }, (_, line) => {
    const product = sampleProducts[(index + line * 7) % sampleProducts.length];
    return { productId: product?.productId ?? "", quantity: 2 };
  });
}

const currency = "GBP";
const amountMinor = 500;
const customerId = (index: number) => sampleAccounts[index % sampleAccounts.length]?.customerId ?? "";

const sampleData: { readonly [K in EventType]: (index: number, linesPerOrder: number) => EventData<K> } = {
  "order.start": (index, lines) => ({ customerId: customerId(index), currency, lines: sampleLines(index, lines) }),
  "stock.success": (index, lines) => ({
    customerId: customerId(index),
    currency,
    lines: sampleLines(index, lines).map((line) => ({ ...line, priceMinor: 250 })),
    totalMinor: amountMinor,
  }),
  "stock.failed": () => ({ reason: "stock-short", shortLines: [{ productId: "p", quantity: 2, available: 1 }] }),
  "order.created": () => ({ currency, totalMinor: amountMinor, reservedAtMs: 1, deadlineAtMs: 2 }),
  "payment.request": (index) => ({ customerId: customerId(index), currency, amountMinor }),
  "payment.success": (index) => ({ amountMinor, currency, paymentId: `charge/${sampleOrderId(index)}` }),
  "payment.refunded": () => ({ amountMinor, currency }),
  "order.cancel.request": () => ({ requestedAtMs: 1 }),
  "payment.void": () => ({ cause: "customer" }),
  "order.cancel": () => ({ reason: "customer", refundedMinor: amountMinor }),
  "stock.rollback": () => ({ reason: "customer" }),
};
