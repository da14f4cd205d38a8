import { sql } from "drizzle-orm";
import { createWriter } from "#db/writer.ts";
import type { StoreUrls } from "../audit/stores.ts";
import { demoProducts, unlucky } from "./open-shop.ts";

/** What stock and payment are made unable to take, as by a bad release: it then is a dead letter, for the page to show. */
const refusals = {
  stock: `INSERT ON orders WHEN NEW.lines LIKE '%"${demoProducts.jinxed}"%'`,
  payment: `INSERT ON payments WHEN NEW.customer_id = '${unlucky.customerId}'`,
} as const;

/**
 * Makes the stores of a shop for trying refuse two orders that the page offers, so that the deadline, dead letters and an operator's
 * discard can be seen. Written past the services, as no service has a way to be told to fail; only here, and only triggers.
 */
export async function plantDemoFaults(urls: StoreUrls, signal: AbortSignal): Promise<void> {
  for (const service of ["stock", "payment"] as const) {
    const writer = createWriter({ url: urls[service] });
    try {
      const trigger = `CREATE TRIGGER IF NOT EXISTS demo_fault BEFORE ${refusals[service]}
        BEGIN SELECT RAISE(ABORT, 'a fault for trying, planted by npm start'); END`;
      await writer.write(signal, (tx) => tx.run(sql.raw(trigger)));
    } finally {
      await writer.close();
    }
  }
}
