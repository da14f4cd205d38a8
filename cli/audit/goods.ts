import { sql } from "drizzle-orm";
import type { Transaction } from "#db/connection.ts";
import { counted } from "../counted.ts";
import type { Findings } from "./findings.ts";
import type { StockRow } from "./order-rows.ts";

/** Adds up what orders hold and have, product by product; memory grows with the catalogue, not with the orders. */
export interface Shelf {
  take(row: StockRow): void;
  /** Finds the products whose pieces are not conserved. In the snapshot that the rows are from. */
  judge(tx: Transaction, findings: Findings): Promise<{ readonly products: number }>;
}

interface Pieces {
  held: number;
  sold: number;
}

export function createShelf(): Shelf {
  const taken = new Map<string, Pieces>();
  return {
    take({ status, lines }) {
      if (status !== "reserved" && status !== "sold") return;
      for (const { productId, quantity } of lines) {
        let pieces = taken.get(productId);
        if (pieces === undefined) taken.set(productId, (pieces = { held: 0, sold: 0 }));
        if (status === "sold") pieces.sold += quantity;
        else pieces.held += quantity;
      }
    },
    async judge(tx, findings) {
      const stocked = await tx.all<StockedProduct>(sql`
        SELECT products.product_id AS productId, available, coalesce(sum(restocks.quantity), 0) AS stocked,
          coalesce(max(shipped.quantity), 0) AS shipped
        FROM products LEFT JOIN restocks USING (product_id) LEFT JOIN shipped USING (product_id)
        GROUP BY products.product_id`);
      const known = new Set(stocked.map(({ productId }) => productId));
      const all = [
        ...stocked,
        ...[...taken.keys()]
          .filter((id) => !known.has(id))
          .map((productId) => ({ productId, available: 0, stocked: 0, shipped: 0 })),
      ];
      const broken = all.flatMap((product) => {
        const { held, sold } = taken.get(product.productId) ?? { held: 0, sold: 0 };
        const isKept = product.stocked === product.available + held + sold + product.shipped;
        return isKept ? [] : [{ ...product, held, sold }];
      });
      await report(tx, broken, findings);
      return { products: all.length };
    },
  };
}

interface StockedProduct {
  readonly productId: string;
  readonly available: number;
  readonly stocked: number;
  /** Sold with orders that are purged. */
  readonly shipped: number;
}

type BrokenProduct = StockedProduct & Pieces;

/** Names the order that takes a product beyond what was stocked; where none does, the one that touched it last. */
async function report(tx: Transaction, broken: readonly BrokenProduct[], findings: Findings): Promise<void> {
  if (broken.length === 0) return;
  const limits = JSON.stringify(broken.map(({ productId, stocked, shipped }) => [productId, stocked - shipped]));
  const touched = sql`touched AS (
    SELECT limits.value ->> 0 AS product, limits.value ->> 1 AS stocked, line.value ->> 'quantity' AS quantity,
      orders.order_id, orders.status, orders.reserved_at_ms,
      max(coalesce(rolled_back_at_ms, 0), coalesce(sold_at_ms, 0), coalesce(reserved_at_ms, 0)) AS at_ms
    FROM orders, json_each(orders.lines) AS line JOIN json_each(${limits}) AS limits
      ON limits.value ->> 0 = line.value ->> 'productId')`;
  const beyond = await tx.all<NamedOrder>(sql`
    WITH ${touched}, running AS (
      SELECT *, sum(quantity) OVER (PARTITION BY product ORDER BY reserved_at_ms, order_id) AS total
      FROM touched WHERE status IN ('reserved', 'sold'))
    SELECT product AS productId, order_id AS orderId, min(total) AS at FROM running WHERE total > stocked GROUP BY product`);
  const last = await tx.all<NamedOrder>(sql`
    WITH ${touched} SELECT product AS productId, order_id AS orderId, max(at_ms) AS at FROM touched GROUP BY product`);
  for (const { productId, available, stocked, held, sold, shipped } of broken) {
    const oversold = beyond.find((named) => named.productId === productId);
    const latest = last.find((named) => named.productId === productId);
    const difference = available + held + sold + shipped - stocked;
    const pieces = `${counted(Math.abs(difference), "piece")} too ${difference > 0 ? "many" : "few"}`;
    const blamed = oversold ? "this order takes it beyond what came in" : "this order touched it last";
    findings.add({
      rule: "goods",
      orderId: (oversold ?? latest)?.orderId ?? null,
      what: `product ${productId} has ${pieces}${latest ? `; ${blamed}` : ""}`,
      says: [`stock    ${stocked} came in; ${available} available, ${held} held, ${sold + shipped} sold`],
    });
  }
}

interface NamedOrder {
  readonly productId: string;
  readonly orderId: string;
}
