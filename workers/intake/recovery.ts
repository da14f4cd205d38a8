import type { Learned, OrderFacts, Recovery } from "#bus/recover/recovery.ts";
import { orders } from "#db/intake/schema.ts";
import { loadRows, saveRows } from "#db/row-sets.ts";
import { findByKeys, type OrderRow } from "./accepted-orders.ts";
import { accept } from "./decide.ts";
import type { ViewReads } from "./handlers.ts";
import { bodyHashOf } from "./place-orders.ts";

/** What intake had told, it has accepted; what became of it, it reads again. */
export const intakeRecovery: Recovery<ViewReads> = {
  learnsFrom: ["order.start", "order.cancel.request"],
  steps: [],
  async learn(tx, facts): Promise<Learned> {
    const ids = facts.map(({ orderId }) => orderId);
    const known = new Map((await loadRows(tx, orders, ids)).map((row) => [row.orderId, row]));
    const learned = facts.flatMap((told) => {
      const row = known.get(told.orderId);
      const order = learnIntake(row, told);
      return order === undefined || order === row ? [] : [order];
    });
    const keys = learned.flatMap(({ orderId, customerId, idempotencyKey }) =>
      idempotencyKey === null || known.has(orderId) ? [] : [{ customerId, idempotencyKey }],
    );
    const taken = new Set((await findByKeys(tx, keys)).map(nameOf));
    const rows = learned.map((row) => {
      return !known.has(row.orderId) && taken.has(nameOf(row)) ? { ...row, idempotencyKey: null } : row;
    });
    if (rows.length > 0) await saveRows(tx, orders, rows);
    const problems = rows.flatMap((row, index) => {
      if (row === learned[index]) return [];
      return [`order ${row.orderId} was placed under an Idempotency-Key that this store has for another order since`];
    });
    return { rows: rows.length, missing: [], problems };
  },
  settle: () => Promise.resolve([]),
};

const nameOf = ({ customerId, idempotencyKey }: Pick<OrderRow, "customerId" | "idempotencyKey">) =>
  `${customerId} ${idempotencyKey}`;

/** The row that follows from what intake told of an order; the very row where it knew that. Exported for tests. */
export function learnIntake(row: OrderRow | undefined, { orderId, told }: OrderFacts): OrderRow | undefined {
  const start = told("order.start");
  const request = told("order.cancel.request");
  let learned = row;
  if (row === undefined && start !== undefined) {
    const { idempotencyKey = null, ...order } = start.data;
    const { view } = accept({ ...order, orderId, idempotencyKey }, { nowMs: start.atMs, cancelWindowMs: 0 });
    if (view !== undefined) learned = { ...view, idempotencyKey, bodyHash: bodyHashOf(view) };
  }
  if (learned === undefined || request === undefined || learned.cancelRequestedAtMs !== null) return learned;
  return { ...learned, cancelRequestedAtMs: request.data.requestedAtMs };
}
