import { existsSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { type Service, services } from "#contracts/topics.ts";
import { filePath, type Transaction } from "#db/connection.ts";
import { createReader, type Reader } from "#db/reader.ts";

/** The stores of all services, to read. */
export interface AuditStores {
  /** Runs `work` on one moment of each store; the moments of two stores differ by a little. `work` may run again. */
  snapshots<T>(signal: AbortSignal, work: (stores: Snapshots) => Promise<T>): Promise<T>;
  close(): void;
}

export type Snapshots = Readonly<Record<Service, Transaction>>;

/** What cannot be audited, in words for a person. */
export class AuditRefusedError extends Error {
  override readonly name = "AuditRefusedError";
}

/** Where each service's store is. */
export type StoreUrls = Readonly<Record<Service, string>>;

/** The stores that `orderwright start` keeps in a folder. */
export function storeUrlsIn(folder: string): StoreUrls {
  const url = (service: Service) => `file:${join(folder, `${service}.db`)}`;
  return { intake: url("intake"), stock: url("stock"), order: url("order"), payment: url("payment") };
}

/**
 * @param authToken for stores on a libSQL server
 * @throws AuditRefusedError when a store is missing: opening it would make an empty one, in which nothing is wrong
 */
export function openAuditStores(urls: StoreUrls, authToken?: string): AuditStores {
  const missing = services.filter((service) => {
    const path = filePath(urls[service]);
    return path !== undefined && !existsSync(path);
  });
  if (missing.length > 0) {
    throw new AuditRefusedError(`there is no store at ${missing.map((service) => urls[service]).join(", ")}`);
  }
  const reader = (service: Service): Reader =>
    createReader({ url: urls[service], ...(authToken === undefined ? {} : { authToken }) });
  const readers = {
    intake: reader("intake"),
    stock: reader("stock"),
    order: reader("order"),
    payment: reader("payment"),
  };
  return {
    snapshots: (signal, work) =>
      readers.payment.snapshot(signal, (payment) =>
        readers.order.snapshot(signal, (order) =>
          readers.stock.snapshot(signal, (stock) =>
            readers.intake.snapshot(signal, async (intake) => {
              const stores = { intake, stock, order, payment };
              for (const service of services) await requireTables(service, stores[service]);
              return work(stores);
            }),
          ),
        ),
      ),
    close: () => services.forEach((service) => readers[service].close()),
  };
}

/** Also the first read, with which the snapshot begins. */
async function requireTables(service: Service, tx: Transaction): Promise<void> {
  const table = service === "payment" ? "payments" : "orders";
  const names = JSON.stringify([table, "outbox", "dead_letters"]);
  const [found] = await tx.all<{ count: number }>(sql`
    SELECT count(*) AS count FROM sqlite_schema WHERE type = 'table' AND name IN (SELECT value FROM json_each(${names}))`);
  if (found?.count === 3) return;
  throw new AuditRefusedError(`the store of ${service} lacks its tables: the service has never opened it`);
}
