import { eq, sql } from "drizzle-orm";
import type { PriceRequest, RestockRequest } from "#contracts/http.ts";
import type { Database, Transaction } from "#db/connection.ts";
import { insertRows, loadRows, saveRows } from "#db/row-sets.ts";
import { products, restocks } from "#db/stock/schema.ts";
import { isFirst } from "../http/idempotent-requests.ts";
import { pointer, ruleBroken } from "../http/problem.ts";
import type { Product } from "./decide.ts";

/**
 * Sets prices; a product that stock does not know becomes known, with nothing on the shelf. Four statements at most.
 * @throws ProblemError when a product has two prices, or when the key was used for another body
 */
export async function setPrices(tx: Transaction, key: string, { prices }: PriceRequest, nowMs: number): Promise<void> {
  const seen = new Map<string, number>();
  const errors = prices.flatMap(({ productId, priceMinor }, index) => {
    const other = seen.get(productId);
    seen.set(productId, priceMinor);
    const detail = `${productId} has another price in this request`;
    return other === undefined || other === priceMinor ? [] : [{ pointer: pointer(["prices", index]), detail }];
  });
  if (errors.length > 0) throw ruleBroken(errors);
  const pairs = prices.map(({ productId, priceMinor }) => [productId, priceMinor]);
  if (!(await isFirst(tx, key, { prices: pairs }, nowMs))) return;
  await tx.run(sql`
    INSERT INTO ${products} (product_id, available, price_minor)
    SELECT value ->> 0, 0, value ->> 1 FROM json_each(${JSON.stringify([...seen])}) WHERE true
    ON CONFLICT (product_id) DO UPDATE SET price_minor = excluded.price_minor`);
}

/**
 * Adds pieces to the shelf, and keeps that they came. Five statements at most.
 * @throws ProblemError when a product is unknown, or when the key was used for another body
 */
export async function restock(tx: Transaction, key: string, { items }: RestockRequest, nowMs: number): Promise<void> {
  const pairs = items.map(({ productId, quantity }) => [productId, quantity]);
  if (!(await isFirst(tx, key, { items: pairs }, nowMs))) return;
  const added = new Map<string, number>();
  for (const { productId, quantity } of items) added.set(productId, (added.get(productId) ?? 0) + quantity);
  const known = new Map((await loadRows(tx, products, [...added.keys()])).map((row) => [row.productId, row]));
  const errors = items.flatMap(({ productId }, index) => {
    const detail = restockError(known.get(productId), added.get(productId) ?? 0);
    return detail === undefined ? [] : [{ pointer: pointer(["items", index, "productId"]), detail }];
  });
  if (errors.length > 0) throw ruleBroken(errors);
  const stocked = [...known.values()].map((product) => {
    return { ...product, available: product.available + (added.get(product.productId) ?? 0) };
  });
  await saveRows(tx, products, stocked);
  const came = [...added].map(([productId, quantity]) => ({ idempotencyKey: key, productId, quantity }));
  await insertRows(tx, restocks, came);
}

function restockError(product: Product | undefined, added: number): string | undefined {
  if (product === undefined) return "is not known to stock: set its price first";
  return Number.isSafeInteger(product.available + added) ? undefined : "would be more than can be counted exactly";
}

export async function readProduct(database: Database, productId: string): Promise<Product | undefined> {
  const [row] = await database.select().from(products).where(eq(products.productId, productId));
  return row;
}
