import type { BatchHandler, Handled } from "#bus/batch-handler.ts";
import { groups } from "#contracts/topics.ts";
import type { Transaction } from "#db/connection.ts";
import { createBatchRows } from "../batch-rows.ts";
import { decideBatch, type Traced } from "../decide-batch.ts";
import { decide, type PaymentMessage, type Transfer } from "./decide.ts";
import { loadPayments, savePayments } from "./store.ts";

/** Payment on the bus. */
export const paymentHandler: BatchHandler<PaymentMessage["type"]> = {
  service: "payment",
  groupId: groups.payment,
  reads: ["payment.request", "payment.void"],
  handle: decideMessages,
  discard: (tx, message, nowMs) => decideMessages(tx, [message], nowMs),
};

async function decideMessages(
  tx: Transaction,
  messages: readonly Traced<PaymentMessage>[],
  nowMs: number,
): Promise<Handled> {
  const loaded = await loadPayments(
    tx,
    messages.map(({ event }) => event),
  );
  const payments = createBatchRows(loaded.payments, ({ orderId }) => orderId);
  const accounts = createBatchRows(loaded.accounts, ({ customerId }) => customerId);
  const booked: Transfer[] = [];
  const handled = decideBatch(messages, (event) => {
    const payment = payments.current.get(event.orderId);
    const customerId = event.type === "payment.request" ? event.data?.customerId : payment?.customerId;
    const account = customerId == null ? undefined : accounts.current.get(customerId);
    const decision = decide({ payment, account }, event, { nowMs });
    if (decision.payment !== undefined) payments.put(event.orderId, decision.payment);
    if (decision.account !== undefined) accounts.put(decision.account.customerId, decision.account);
    booked.push(...decision.transfers);
    return decision;
  });
  await savePayments(tx, { payments: payments.changes(), accounts: accounts.changes(), transfers: booked });
  return handled;
}
