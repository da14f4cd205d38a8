import { eq } from "drizzle-orm";
import type { OrderGoods } from "#contracts/http.ts";
import type { Database } from "#db/connection.ts";
import { orders } from "#db/stock/schema.ts";

/** What became of an order's goods; undefined: stock has not seen it yet. */
export async function readGoods(database: Database, orderId: string): Promise<OrderGoods | undefined> {
  const { status, soldAtMs, rolledBackAtMs } = orders;
  const [row] = await database
    .select({ status, soldAtMs, rolledBackAtMs })
    .from(orders)
    .where(eq(orders.orderId, orderId));
  if (row === undefined) return undefined;
  const goods: OrderGoods = { status: row.status };
  if (row.soldAtMs !== null) goods.soldAt = new Date(row.soldAtMs).toISOString();
  if (row.rolledBackAtMs !== null && row.status === "released")
    goods.releasedAt = new Date(row.rolledBackAtMs).toISOString();
  return goods;
}
