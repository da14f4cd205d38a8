import { asc } from "drizzle-orm";
import { insertRows } from "#db/row-sets.ts";
import { migrations } from "#db/stock/migrations.ts";
import { orders, products } from "#db/stock/schema.ts";
import { describeHandler, nothingAtFirst, nothingKept } from "../testing/handler-laws.ts";
import { world } from "../testing/random-messages.ts";
import { sampleProducts } from "../testing/sample-messages.ts";
import { shippedMachines } from "../search/machines.ts";
import { stockHandler } from "./handlers.ts";

describeHandler({
  handler: stockHandler,
  migrations,
  machine: shippedMachines({ deadlineAfterMs: 0, accountCurrency: "GBP", totalLimitMinor: 0 }).stock,
  start: { ...nothingAtFirst, products: Object.fromEntries(world.products.map((each) => [each.productId, each])) },
  outcomes: ["reserved", "refused", "sold", "released", "duplicate", "ignored", "alarm"],
  fill: (tx) => insertRows(tx, products, world.products),
  read: async (tx) => ({
    ...nothingKept,
    rows: await tx.select().from(orders).orderBy(asc(orders.orderId)),
    products: await tx.select().from(products).orderBy(asc(products.productId)),
  }),
  ways: [
    ["order.start", "payment.success", "stock.rollback"],
    ["order.start", "stock.rollback"],
  ],
  fillSamples: (tx) => insertRows(tx, products, sampleProducts),
});
