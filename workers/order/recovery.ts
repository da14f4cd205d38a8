import type { Learned, OrderFacts, Recovery } from "#bus/recover/recovery.ts";
import type { OrderEvent } from "#contracts/events.ts";
import { orders } from "#db/order/schema.ts";
import { loadRows, saveRows } from "#db/row-sets.ts";
import { blankOrder, type Order, type OrderContext } from "./decide.ts";
import type { OrderReads } from "./handlers.ts";

/** What the order service had told, it has created, voided and cancelled. The rest it reads again. */
export function createOrderRecovery(settings: Pick<OrderContext, "deadlineAfterMs">): Recovery<OrderReads> {
  return {
    learnsFrom: ["order.created", "payment.request", "payment.void", "order.cancel", "stock.rollback", "stock.success"],
    steps: ["stock.success", "stock.failed", "order.cancel.request"],
    async learn(tx, facts): Promise<Learned> {
      const ids = facts.map(({ orderId }) => orderId);
      const known = new Map((await loadRows(tx, orders, ids)).map((row) => [row.orderId, row]));
      const changed: Order[] = [];
      const missing: OrderEvent[] = [];
      for (const told of facts) {
        const row = known.get(told.orderId);
        const learned = learnOrder(row, told, settings);
        missing.push(...learned.missing);
        if (learned.order !== undefined && learned.order !== row) changed.push(learned.order);
      }
      if (changed.length > 0) await saveRows(tx, orders, changed);
      return { rows: changed.length, missing, problems: [] };
    },
    settle: () => Promise.resolve([]),
  };
}

export interface LearnedOrder {
  /** The very row where the order service knew it all. */
  readonly order: Order | undefined;
  readonly missing: readonly OrderEvent[];
}

/** What follows from what the order service told of an order. Exported for tests. */
export function learnOrder(
  row: Order | undefined,
  facts: OrderFacts,
  settings: Pick<OrderContext, "deadlineAfterMs">,
): LearnedOrder {
  if (row === undefined || row.status === "cancelling") {
    return learnCancelled(row, facts) ?? learnCreated(row, facts, settings);
  }
  return { order: learnVoids(row, facts), missing: [] };
}

/** It cancels an order itself only before it has asked for a payment. */
function learnCancelled(row: Order | undefined, { orderId, told }: OrderFacts): LearnedOrder | undefined {
  const cancel = told("order.cancel");
  const rollback = told("stock.rollback");
  const ended = cancel ?? rollback;
  if (ended === undefined) return undefined;
  const { atMs } = ended;
  const { reason } = ended.data;
  const { customerId = null, currency = null, totalMinor = null } = told("stock.success")?.data ?? {};
  const before = row ?? { ...blankOrder(orderId), cancelRequestedAtMs: reason === "customer" ? atMs : null };
  const order: Order = {
    ...before,
    customerId,
    currency,
    totalMinor,
    status: "cancelled",
    reason,
    cancelledAtMs: atMs,
  };
  const missing: OrderEvent[] = [];
  if (cancel === undefined) missing.push({ type: "order.cancel", orderId, atMs, data: { reason, refundedMinor: 0 } });
  if (rollback === undefined) missing.push({ type: "stock.rollback", orderId, atMs, data: { reason } });
  return { order, missing };
}

function learnCreated(
  row: Order | undefined,
  { orderId, told }: OrderFacts,
  settings: Pick<OrderContext, "deadlineAfterMs">,
): LearnedOrder {
  const created = told("order.created");
  const request = told("payment.request");
  const first = created ?? request ?? told("payment.void/customer") ?? told("payment.void/deadline");
  if (first === undefined) return { order: row, missing: [] };
  const success = told("stock.success");
  const { atMs } = first;
  const customerId = request?.data.customerId ?? success?.data.customerId ?? null;
  const currency = created?.data.currency ?? request?.data.currency ?? success?.data.currency ?? null;
  const totalMinor = created?.data.totalMinor ?? request?.data.amountMinor ?? success?.data.totalMinor ?? null;
  const deadlineAtMs = created?.data.deadlineAtMs ?? atMs + settings.deadlineAfterMs;
  const known = { ...blankOrder(orderId), customerId, currency, totalMinor };
  const order = learnVoids({ ...known, status: "created", createdAtMs: atMs, deadlineAtMs }, { orderId, told });
  const missing: OrderEvent[] = [];
  if (currency === null || totalMinor === null || (created ?? request) === undefined) return { order, missing };
  if (created === undefined) {
    const reservedAtMs = success?.atMs ?? atMs;
    missing.push({ type: "order.created", orderId, atMs, data: { currency, totalMinor, reservedAtMs, deadlineAtMs } });
  }
  if (request === undefined && customerId !== null) {
    missing.push({ type: "payment.request", orderId, atMs, data: { customerId, currency, amountMinor: totalMinor } });
  }
  return { order, missing };
}

/** A void that went out is not to go out again with another moment in it. */
function learnVoids(order: Order, { told }: OrderFacts): Order {
  const cancelRequestedAtMs = order.cancelRequestedAtMs ?? told("payment.void/customer")?.atMs ?? null;
  const expiredAtMs = order.expiredAtMs ?? told("payment.void/deadline")?.atMs ?? null;
  const isSame = cancelRequestedAtMs === order.cancelRequestedAtMs && expiredAtMs === order.expiredAtMs;
  return isSame ? order : { ...order, cancelRequestedAtMs, expiredAtMs };
}
