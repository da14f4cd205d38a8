import { sql } from "drizzle-orm";
import type { Transaction } from "#db/connection.ts";
import type { Keeping } from "../purge.ts";

/** What stock lets go of. Of orders that were sold their pieces stay, product by product: they add up with what came in. */
export const stockKeeping: Keeping = {
  orders: {
    table: "orders",
    statuses: ["refused", "sold", "released", "tombstone"],
    endedAt: ["refused_at_ms", "sold_at_ms", "rolled_back_at_ms"],
    publishes: ["stock.success/", "stock.failed/"],
    async keep(tx: Transaction, orderIds: string) {
      await tx.run(sql`
        INSERT INTO shipped (product_id, quantity)
        SELECT line.value ->> 'productId', sum(line.value ->> 'quantity')
        FROM json_each(${orderIds}) AS ids CROSS JOIN orders ON order_id = ids.value, json_each(orders.lines) AS line
        WHERE status = 'sold' GROUP BY 1
        ON CONFLICT DO UPDATE SET quantity = quantity + excluded.quantity`);
    },
  },
  // What came in stays with its key.
  async purgeKeys(tx, usedBeforeMs, limit) {
    const result = await tx.run(sql`
      DELETE FROM requests WHERE idempotency_key IN (
        SELECT idempotency_key FROM requests WHERE at_ms < ${usedBeforeMs}
          AND NOT EXISTS (SELECT 1 FROM restocks WHERE restocks.idempotency_key = requests.idempotency_key)
        LIMIT ${limit})`);
    return result.rowsAffected;
  },
};
