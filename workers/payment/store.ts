import type { Transaction } from "#db/connection.ts";
import { accounts, payments, transfers } from "#db/payment/schema.ts";
import { insertRows, loadRows } from "#db/row-sets.ts";
import type { RowChanges } from "../batch-rows.ts";
import { saveChanges } from "../save-changes.ts";
import type { Account, Payment, PaymentMessage, Transfer } from "./decide.ts";

/** What a batch of payment decides on. */
export interface PaymentRows {
  readonly payments: readonly Payment[];
  readonly accounts: readonly Account[];
}

/** Loads the payments that the messages name, and the accounts to charge or to give back to: two statements. */
export async function loadPayments(tx: Transaction, events: readonly PaymentMessage[]): Promise<PaymentRows> {
  const orderIds = new Set(events.map(({ orderId }) => orderId));
  const loaded = await loadRows(tx, payments, [...orderIds]);
  const customerIds = customerIdsOf(events, loaded);
  return { payments: loaded, accounts: customerIds.length === 0 ? [] : await loadRows(tx, accounts, customerIds) };
}

/** A void names no customer: who gets the money back is in the payment's row, or in a request of the same batch. */
function customerIdsOf(events: readonly PaymentMessage[], loaded: readonly Payment[]): string[] {
  const ids = new Set<string>();
  for (const event of events)
    if (event.type === "payment.request" && event.data !== null) ids.add(event.data.customerId);
  for (const { customerId } of loaded) if (customerId !== null) ids.add(customerId);
  return [...ids];
}

/** What a batch of payment changed. */
export interface PaymentChanges {
  readonly payments: RowChanges<Payment>;
  readonly accounts: RowChanges<Account>;
  readonly transfers: readonly Transfer[];
}

/** Four statements at most: a batch opens no accounts. */
export async function savePayments(tx: Transaction, changed: PaymentChanges): Promise<void> {
  await saveChanges(tx, payments, changed.payments);
  await saveChanges(tx, accounts, changed.accounts);
  if (changed.transfers.length > 0) await insertRows(tx, transfers, changed.transfers);
}
