import { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import { closeSync, copyFileSync, existsSync, fsyncSync, mkdirSync, mkdtempSync } from "node:fs";
import { openSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Service, services } from "#contracts/topics.ts";
import { migrations as intake } from "#db/intake/migrations.ts";
import type { Migration } from "#db/migrate.ts";
import { openStore } from "#db/open-store.ts";
import { migrations as order } from "#db/order/migrations.ts";
import { migrations as payment } from "#db/payment/migrations.ts";
import { migrations as stock } from "#db/stock/migrations.ts";
import { audit } from "../../cli/audit/audit.ts";
import { openAuditStores, storeUrlsIn } from "../../cli/audit/stores.ts";
import { storePathIn } from "./shop.ts";
import { sizes } from "./workloads.ts";

const migrationsOf: Readonly<Record<Service, readonly Migration[]>> = { intake, stock, order, payment };

/**
 * Stores of a shop that has settled so many orders of one line, all paid: copied from ones that are made once and kept beside
 * the runs' folders. What all have read is gone from the outboxes, as a purge leaves them.
 */
export async function copyHistory(orders: number, cacheFolder: string, folder: string): Promise<void> {
  if (orders === 0) return;
  const kept = await keepHistory(orders, cacheFolder);
  for (const service of services) {
    const path = storePathIn(folder, service);
    copyFileSync(storePathIn(kept, service), path);
    // Now, not by the kernel while the run measures what an fsync costs.
    const file = openSync(path, "r+");
    fsyncSync(file);
    closeSync(file);
  }
}

/** @returns the folder that the stores are kept in */
export async function keepHistory(orders: number, cacheFolder: string): Promise<string> {
  // Another schema, or another way to make them: other stores.
  const made = [JSON.stringify(migrationsOf), readFileSync(import.meta.filename)].map(String).join("\n");
  const name = `history-${orders}-${createHash("sha256").update(made).digest("hex").slice(0, 12)}`;
  const kept = join(cacheFolder, name);
  if (existsSync(kept)) return kept;
  mkdirSync(cacheFolder, { recursive: true });
  const work = mkdtempSync(join(cacheFolder, "making-"));
  try {
    await makeHistory(orders, work);
    renameSync(work, kept);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return kept;
}

/** Makes the stores, and has them audited as any others. */
async function makeHistory(orders: number, folder: string): Promise<void> {
  const signal = new AbortController().signal;
  for (const service of services) {
    const store = await openStore({ url: storeUrlsIn(folder)[service], migrations: migrationsOf[service] }, signal);
    await store.close();
    const database = new Database(storePathIn(folder, service));
    database.run("PRAGMA synchronous=OFF");
    database.transaction(() => {
      for (const statement of statementsOf[service]) database.query(`${past} ${statement}`).run(orders);
    })();
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
  }
  const stores = openAuditStores(storeUrlsIn(folder));
  try {
    const { orders: found, findingCount, findings, inFlight } = await audit(stores, { patienceMs: 0, signal });
    if (found === orders && findingCount === 0 && inFlight.count === 0) return;
    throw new Error(`the stores that were made are broken: ${findings[0]?.what ?? `${found} orders`}`);
  } finally {
    stores.close();
  }
}

/**
 * `past`: the orders of the past, one each five seconds since 1 June 2025: number, id, moment, customer, product. The ids are
 * UUIDv7 whose random part is the number, scattered.
 */
const past = `
  WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1),
  moments AS (SELECT n, 1748736000000 + n * 5000 AS at FROM numbers),
  past AS (SELECT n, at,
    printf('%08x-%04x-7%03x-%04x-%012x', at >> 16, at & 65535, (n * 40503) & 4095, 32768 | ((n * 9973) & 16383),
      (n * 2654435761) & 281474976710655) AS id,
    printf('c-%04d', (n * 7) % ${sizes.customers}) AS customer,
    printf('p-%04d', (n * 13) % ${sizes.products}) AS product
    FROM moments)`;

const lines = `json_array(json_object('productId', product, 'quantity', 1))`;
const price = sizes.priceMinor;

const statementsOf: Readonly<Record<Service, readonly string[]>> = {
  intake: [
    `INSERT INTO orders (order_id, customer_id, currency, lines, idempotency_key, body_hash, status, total_minor,
        deadline_at_ms, received_at_ms, reserved_at_ms, created_at_ms, paid_at_ms)
      SELECT id, customer, 'GBP', ${lines}, 'past-' || n, printf('%043d', n), 'paid', ${price}, at + 900000, at, at + 4, at + 8,
        at + 12 FROM past ORDER BY n`,
  ],
  stock: [
    `INSERT INTO requests (idempotency_key, body_hash, at_ms) SELECT 'past', 'past', at FROM past WHERE n = 1`,
    `INSERT INTO products (product_id, available, price_minor) SELECT DISTINCT product, 0, ${price} FROM past`,
    `INSERT INTO restocks (idempotency_key, product_id, quantity)
      SELECT 'past', product, count(*) FROM past GROUP BY product`,
    `INSERT INTO orders (order_id, status, lines, reserved_at_ms, sold_at_ms)
      SELECT id, 'sold', ${lines}, at + 4, at + 14 FROM past ORDER BY n`,
  ],
  order: [
    `INSERT INTO orders (order_id, status, customer_id, currency, total_minor, created_at_ms, deadline_at_ms, paid_at_ms)
      SELECT id, 'paid', customer, 'GBP', ${price}, at + 8, at + 900000, at + 12 FROM past ORDER BY n`,
  ],
  payment: [
    `INSERT INTO accounts (customer_id, currency, balance_minor) SELECT DISTINCT customer, 'GBP', 0 FROM past`,
    `INSERT INTO transfers (transfer_id, order_id, debit, credit, amount_minor, currency, at_ms)
      SELECT 'top-up/past/' || customer, NULL, 'bank/deposits', 'customer/' || customer, count(*) * ${price}, 'GBP', min(at)
      FROM past GROUP BY customer`,
    `INSERT INTO payments (order_id, status, customer_id, currency, amount_minor, charged_at_ms)
      SELECT id, 'charged', customer, 'GBP', ${price}, at + 12 FROM past ORDER BY n`,
    `INSERT INTO transfers (transfer_id, order_id, debit, credit, amount_minor, currency, at_ms)
      SELECT 'charge/' || id, id, 'customer/' || customer, 'shop/takings', ${price}, 'GBP', at + 12 FROM past ORDER BY n`,
  ],
};
