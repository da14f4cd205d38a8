import { sql } from "drizzle-orm";
import type { Learned, OrderFacts, Recovery } from "#bus/recover/recovery.ts";
import type { OrderEvent } from "#contracts/events.ts";
import type { Transaction } from "#db/connection.ts";
import { accounts, payments, transfers } from "#db/payment/schema.ts";
import { insertRows, loadRows, saveRows } from "#db/row-sets.ts";
import { blankPayment, chargeOf, type Payment, type PaymentMessage, refundOf, type Transfer } from "./decide.ts";
import { deposits } from "./top-ups.ts";

/** What payment had told, it has charged, refused, fenced and refunded. Whom it charged is in the request. */
export const paymentRecovery: Recovery<PaymentMessage["type"]> = {
  learnsFrom: ["payment.success", "payment.refunded", "order.cancel", "stock.rollback", "payment.request"],
  steps: ["payment.request", "payment.void"],
  async learn(tx, facts): Promise<Learned> {
    const ids = facts.map(({ orderId }) => orderId);
    const known = new Map((await loadRows(tx, payments, ids)).map((row) => [row.orderId, row]));
    const changed: Payment[] = [];
    const booked: Transfer[] = [];
    const missing: OrderEvent[] = [];
    const problems: string[] = [];
    for (const told of facts) {
      const row = known.get(told.orderId);
      const learned = learnPayment(row, told);
      missing.push(...learned.missing);
      problems.push(...learned.problems);
      booked.push(...learned.transfers);
      if (learned.payment !== undefined && learned.payment !== row) changed.push(learned.payment);
    }
    if (changed.length > 0) await saveRows(tx, payments, changed);
    await book(tx, booked, changed);
    return { rows: changed.length, missing, problems };
  },
  settle: addUpAccounts,
};

export interface LearnedPayment {
  /** The very row where payment knew it all. */
  readonly payment: Payment | undefined;
  readonly transfers: readonly Transfer[];
  readonly missing: readonly OrderEvent[];
  readonly problems: readonly string[];
}

/** What follows from what payment told of an order. Exported for tests. */
export function learnPayment(row: Payment | undefined, { orderId, told }: OrderFacts): LearnedPayment {
  const success = told("payment.success");
  const refunded = told("payment.refunded");
  const cancel = told("order.cancel");
  const rollback = told("stock.rollback");
  const request = told("payment.request");
  const ended = refunded ?? cancel ?? rollback;
  const nothing = { payment: row, transfers: [], missing: [], problems: [] };
  if (row !== undefined && row.status !== "charged") return nothing;
  if (success === undefined && row === undefined && refunded === undefined) {
    if (ended === undefined) return nothing;
    const reason = cancel?.data.reason ?? rollback?.data.reason ?? "discarded";
    const atMs = ended.atMs;
    const isFence = reason === "customer" || reason === "deadline";
    const payment: Payment = isFence
      ? { ...blankPayment(orderId), status: "fenced", reason, fencedAtMs: atMs }
      : { ...blankPayment(orderId), ...request?.data, status: "refused", reason, refusedAtMs: atMs };
    return { ...nothing, payment, missing: endings(orderId, reason, 0, atMs, told) };
  }
  const money = success?.data ?? refunded?.data;
  const asked = request?.data ?? row;
  if (asked?.customerId == null || money === undefined) {
    // A row that is charged has both.
    if (row !== undefined && ended === undefined) return nothing;
    const problem = `order ${orderId} is charged, but whom is told nowhere any more: it stays unknown here`;
    if (asked?.customerId == null) return { ...nothing, problems: [problem] };
  }
  const { customerId } = asked;
  const amountMinor = money?.amountMinor ?? asked.amountMinor ?? 0;
  const currency = money?.currency ?? asked.currency ?? "";
  const chargedAtMs = row?.chargedAtMs ?? success?.atMs ?? ended?.atMs ?? 0;
  const charged: Payment = row ?? {
    ...blankPayment(orderId),
    customerId,
    currency,
    amountMinor,
    status: "charged",
    chargedAtMs,
  };
  const of = { orderId, customerId, currency, amountMinor };
  const charge = chargeOf(of, chargedAtMs);
  const missing: OrderEvent[] = [];
  if (success === undefined && row === undefined) {
    const data = { amountMinor, currency, paymentId: charge.transferId };
    missing.push({ type: "payment.success", orderId, atMs: chargedAtMs, data });
  }
  if (ended === undefined) return { payment: charged, transfers: [charge], missing, problems: [] };
  const atMs = ended.atMs;
  if (refunded === undefined)
    missing.push({ type: "payment.refunded", orderId, atMs, data: { amountMinor, currency } });
  missing.push(...endings(orderId, "customer", amountMinor, atMs, told));
  const payment: Payment = { ...charged, status: "refunded", reason: "customer", refundedAtMs: atMs };
  return { payment, transfers: [charge, refundOf(of, atMs)], missing, problems: [] };
}

type Reason = OrderEvent<"order.cancel">["data"]["reason"];

/** The two that end an order go out together. */
function endings(
  orderId: string,
  reason: Reason,
  refundedMinor: number,
  atMs: number,
  told: OrderFacts["told"],
): OrderEvent[] {
  const missing: OrderEvent[] = [];
  if (told("order.cancel") === undefined) {
    missing.push({ type: "order.cancel", orderId, atMs, data: { reason, refundedMinor } });
  }
  if (told("stock.rollback") === undefined) missing.push({ type: "stock.rollback", orderId, atMs, data: { reason } });
  return missing;
}

/** Books what is not booked, on accounts that are opened where they are missing. */
async function book(tx: Transaction, booked: readonly Transfer[], charged: readonly Payment[]): Promise<void> {
  if (booked.length === 0) return;
  const owners = new Map<string, string>();
  for (const { customerId, currency } of charged) {
    if (customerId !== null && currency !== null) owners.set(customerId, currency);
  }
  const opened = JSON.stringify([...owners]);
  await tx.run(sql`
    INSERT INTO ${accounts} (customer_id, currency, balance_minor)
    SELECT value ->> 0, value ->> 1, 0 FROM json_each(${opened}) WHERE true ON CONFLICT DO NOTHING`);
  const known = new Set(
    (
      await loadRows(
        tx,
        transfers,
        booked.map(({ transferId }) => transferId),
      )
    ).map(({ transferId }) => transferId),
  );
  const unknown = booked.filter(({ transferId }) => !known.has(transferId));
  if (unknown.length > 0) await insertRows(tx, transfers, unknown);
}

/**
 * A balance is the sum of its account's transfers. Where more was spent than came in, so much did come in after the copy: it is
 * booked, since money must come from somewhere.
 */
async function addUpAccounts(tx: Transaction, nowMs: number): Promise<string[]> {
  const summed = sql`
    WITH sides AS (
      SELECT credit AS account, amount_minor AS amount FROM transfers
      UNION ALL SELECT debit, -amount_minor FROM transfers
    ), booked AS (
      SELECT account, sum(amount) AS amount FROM sides WHERE account GLOB 'customer/*' GROUP BY account
    ), summed AS (
      SELECT customer_id, currency, coalesce(amount, 0) AS balance
      FROM accounts LEFT JOIN booked ON account = 'customer/' || customer_id
    )`;
  const short = await tx.all<{ customerId: string; currency: string; missing: number }>(sql`
    ${summed} SELECT customer_id AS customerId, currency, -balance AS missing FROM summed WHERE balance < 0 ORDER BY 1`);
  if (short.length > 0) {
    const entries = short.map(({ customerId, currency, missing }) => ({
      transferId: `top-up/recovered/${nowMs}/${customerId}`,
      orderId: null,
      debit: deposits,
      credit: `customer/${customerId}`,
      amountMinor: missing,
      currency,
      atMs: nowMs,
    }));
    await insertRows(tx, transfers, entries);
  }
  await tx.run(sql`
    ${summed} UPDATE accounts SET balance_minor = summed.balance FROM summed
    WHERE summed.customer_id = accounts.customer_id AND accounts.balance_minor <> summed.balance`);
  return short.map(
    ({ customerId, currency, missing }) =>
      `customer ${customerId}: ${missing} minor units of ${currency} more were spent than this store knows to have come in. ` +
      `They are booked as come in, and the balance is 0: enter what else came in since the copy (POST /top-ups)`,
  );
}
