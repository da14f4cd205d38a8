import type { BatchHandler } from "#bus/batch-handler.ts";
import { groups } from "#contracts/topics.ts";
import { createBatchRows } from "../batch-rows.ts";
import { decideBatch } from "../decide-batch.ts";
import { decide, type Transfer } from "./decide.ts";
import { loadPayments, savePayments, type PaymentEvent } from "./store.ts";

/** Payment on the bus. */
export const paymentHandler: BatchHandler<PaymentEvent["type"]> = {
  service: "payment",
  groupId: groups.payment,
  reads: ["payment.request", "payment.void"],
  async handle(tx, messages, nowMs) {
    const loaded = await loadPayments(
      tx,
      messages.map(({ event }) => event),
    );
    const payments = createBatchRows(loaded.payments, ({ orderId }) => orderId);
    const accounts = createBatchRows(loaded.accounts, ({ customerId }) => customerId);
    const booked: Transfer[] = [];
    const handled = decideBatch(messages, (event) => {
      const payment = payments.current.get(event.orderId);
      const customerId = event.type === "payment.request" ? event.data.customerId : payment?.customerId;
      const account = customerId == null ? undefined : accounts.current.get(customerId);
      const decision = decide({ payment, account }, event, { nowMs });
      if (decision.payment !== undefined) payments.put(event.orderId, decision.payment);
      if (decision.account !== undefined) accounts.put(decision.account.customerId, decision.account);
      booked.push(...decision.transfers);
      return decision;
    });
    await savePayments(tx, { payments: payments.changes(), accounts: accounts.changes(), transfers: booked });
    return handled;
  },
};
