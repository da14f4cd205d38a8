import { asc } from "drizzle-orm";
import { migrations } from "#db/intake/migrations.ts";
import { orders } from "#db/intake/schema.ts";
import { insertRows } from "#db/row-sets.ts";
import { describeHandler, nothingAtFirst, nothingKept } from "../testing/handler-laws.ts";
import { world } from "../testing/random-messages.ts";
import { sampleLines, sampleOrderId } from "../testing/sample-messages.ts";
import { shippedMachines } from "../search/machines.ts";
import { accept, type View } from "./decide.ts";
import { createViewHandler } from "./handlers.ts";

function accepted(orderId: string, lines: View["lines"]): View[] {
  const { view } = accept({ orderId, customerId: "c1", currency: "GBP", lines }, { nowMs: 1, cancelWindowMs: 0 });
  return view === undefined ? [] : [view];
}
const asRows = (views: readonly View[]) => views.map((view) => ({ ...view, idempotencyKey: null, bodyHash: "hash" }));

/** News of the last order of the world is news of an order that intake does not know. */
const known = world.orderIds.slice(0, 3).flatMap((orderId) => accepted(orderId, sampleLines(0, 2)));

describeHandler({
  handler: createViewHandler(() => undefined),
  migrations,
  machine: shippedMachines({ deadlineAfterMs: 0, accountCurrency: "GBP", totalLimitMinor: 0 }).intake,
  start: { ...nothingAtFirst, rows: Object.fromEntries(known.map((view) => [view.orderId, view])) },
  outcomes: ["seen", "duplicate", "alarm"],
  fill: (tx) => insertRows(tx, orders, asRows(known)),
  read: async (tx) => {
    const rows = await tx.select().from(orders).orderBy(asc(orders.orderId));
    return { ...nothingKept, rows: rows.map(({ idempotencyKey: _key, bodyHash: _hash, ...view }) => view) };
  },
  ways: [["order.created", "payment.success", "payment.refunded", "order.cancel"], ["stock.failed"]],
  fillSamples: async (tx, count) => {
    const ids = Array.from({ length: count }, (_, index) => sampleOrderId(index));
    await insertRows(tx, orders, asRows(ids.flatMap((orderId, index) => accepted(orderId, sampleLines(index, 1)))));
  },
});
