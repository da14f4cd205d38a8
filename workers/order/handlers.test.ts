import { asc } from "drizzle-orm";
import { migrations } from "#db/order/migrations.ts";
import { orders } from "#db/order/schema.ts";
import { describeHandler, nothingAtFirst, nothingKept } from "../testing/handler-laws.ts";
import { shippedMachines } from "../search/machines.ts";
import { createOrderHandler, expireOrders } from "./handlers.ts";

const settings = { deadlineAfterMs: 20, accountCurrency: "GBP", totalLimitMinor: 1_000 };

describeHandler({
  handler: createOrderHandler(settings),
  migrations,
  machine: shippedMachines(settings).order,
  start: nothingAtFirst,
  outcomes: ["created", "cancelling", "voided", "paid", "rejected", "cancelled", "duplicate", "ignored", "alarm"],
  fill: () => Promise.resolve(),
  read: async (tx) => ({ ...nothingKept, rows: await tx.select().from(orders).orderBy(asc(orders.orderId)) }),
  ways: [
    ["stock.success", "payment.success", "order.cancel.request", "order.cancel"],
    ["stock.failed"],
    ["order.cancel.request", "stock.success"],
  ],
  fillSamples: () => Promise.resolve(),
  clock: async (tx, random, beforeMs) => {
    const nowMs = beforeMs + random.below(2 * settings.deadlineAfterMs);
    return { handled: await expireOrders(tx, settings, nowMs, 100), nowMs };
  },
});
