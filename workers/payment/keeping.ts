import { sql } from "drizzle-orm";
import type { Keeping } from "../purge.ts";

/** What payment lets go of. The ledger is never among it. */
export const paymentKeeping: Keeping = {
  orders: {
    table: "payments",
    statuses: ["charged", "refused", "fenced", "refunded"],
    endedAt: ["charged_at_ms", "refused_at_ms", "fenced_at_ms", "refunded_at_ms"],
    publishes: ["payment.success/", "payment.refunded/", "order.cancel/", "stock.rollback/"],
  },
  // A top-up is booked under its key, so one that comes again that late is refused by the ledger.
  async purgeKeys(tx, usedBeforeMs, limit) {
    const result = await tx.run(sql`
      DELETE FROM requests WHERE idempotency_key IN (
        SELECT idempotency_key FROM requests WHERE at_ms < ${usedBeforeMs} LIMIT ${limit})`);
    return result.rowsAffected;
  },
};
