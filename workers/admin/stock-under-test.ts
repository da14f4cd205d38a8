// For tests only.
import { migrations } from "#db/stock/migrations.ts";
import type { Store } from "#db/open-store.ts";
import { orders, products } from "#db/stock/schema.ts";
import { createServiceApp } from "../http/service-app.ts";
import { openServiceUnderTest } from "../testing/service-under-test.ts";
import { stockHandler } from "../stock/handlers.ts";
import { createAdminApp } from "./admin-app.ts";
import { adminToken } from "./operators-under-test.ts";

const { signal } = new AbortController();

export type StockOrderRow = typeof orders.$inferSelect;

/** Stock with ten pens, and what it serves to operators. */
export async function stockUnderTest() {
  const service = await openServiceUnderTest("stock", migrations);
  const { store, bus, log } = service;
  await store.write(signal, (tx) => tx.insert(products).values({ productId: "pen", available: 10, priceMinor: 100 }));
  const admin = createAdminApp(adminToken, {
    store,
    bus,
    handler: stockHandler,
    log,
  });
  return { service, app: createServiceApp({ bearerToken: "shop", admin, notReady: () => [], metrics: () => "", log }) };
}

export function readOrders(store: Store): Promise<StockOrderRow[]> {
  return store.read(signal, (database) => database.select().from(orders));
}
