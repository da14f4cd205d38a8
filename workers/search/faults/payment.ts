import type { EventType } from "#contracts/events.ts";
import type { MachineState } from "../machines.ts";
import { type Fault, fault, inState, on, withData } from "./plant.ts";

/** What payment might get wrong. */
export const paymentFaults: readonly Fault[] = [
  fault(
    "charges although the balance is short",
    "payment",
    on("payment.request", "none", (_step, before, _got, shippedIn) =>
      inState(shippedIn(withAccounts(before, { addMinor: 500 })), (state) => withAccounts(state, { addMinor: -500 })),
    ),
  ),
  fault(
    "refuses what is exactly enough",
    "payment",
    on("payment.request", "none", (_step, before, _got, shippedIn) =>
      inState(shippedIn(withAccounts(before, { addMinor: -1 })), (state) => withAccounts(state, { addMinor: 1 })),
    ),
  ),
  fault(
    "charges an account in another currency",
    "payment",
    on("payment.request", "none", (_step, before, _got, shippedIn) =>
      shippedIn(withAccounts(before, { currency: "GBP" })),
    ),
  ),
  fault(
    "charges a customer whom nobody knows",
    "payment",
    on("payment.request", "none", (step, before, got, shippedIn) => {
      if (got.type !== "payment.request" || got.data === null || Object.keys(before.accounts).length > 0) return step;
      const { customerId, currency } = got.data;
      return shippedIn({ ...before, accounts: { [customerId]: { customerId, currency, balanceMinor: 500 } } });
    }),
  ),
  fault(
    "charges, but leaves the balance",
    "payment",
    on("payment.request", "none", (step, before) =>
      inState(step, (state) => ({ ...state, accounts: before.accounts })),
    ),
  ),
  fault(
    "charges, but writes no entry",
    "payment",
    on("payment.request", "none", (step) => inState(step, (state) => ({ ...state, ledger: [] }))),
  ),
  fault(
    "refunds, but leaves the balance",
    "payment",
    on("payment.void/customer", "charged", (step, before) =>
      inState(step, (state) => ({ ...state, accounts: before.accounts })),
    ),
  ),
  fault(
    "refunds at the deadline",
    "payment",
    on("payment.void/deadline", "charged", (_step, before, { orderId }, shippedIn) =>
      shippedIn(before, { type: "payment.void", orderId, atMs: 0, data: { cause: "customer" } }),
    ),
  ),
  ...(["order.cancel", "stock.rollback"] as const satisfies EventType[]).flatMap((type) => [
    fault(
      `refuses, but ${type} says another reason`,
      "payment",
      on("payment.request", "none", (step) => withData(step, type, { reason: "deadline" })),
    ),
    fault(
      `fences, but ${type} says another reason`,
      "payment",
      on("payment.void/deadline", "none", (step) => withData(step, type, { reason: "customer" })),
    ),
    fault(
      `refunds, but ${type} says another reason`,
      "payment",
      on("payment.void/customer", "charged", (step) => withData(step, type, { reason: "deadline" })),
    ),
  ]),
  fault(
    "refunds, but does not say how much",
    "payment",
    on("payment.void/customer", "charged", (step) => withData(step, "order.cancel", { refundedMinor: 0 })),
  ),
];

function withAccounts(state: MachineState, change: { addMinor?: number; currency?: string }): MachineState {
  const accounts = Object.values(state.accounts).map((account) => ({
    ...account,
    balanceMinor: account.balanceMinor + (change.addMinor ?? 0),
    currency: change.currency ?? account.currency,
  }));
  return { ...state, accounts: Object.fromEntries(accounts.map((account) => [account.customerId, account])) };
}
