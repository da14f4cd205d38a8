import { nowMs, shippedMachines } from "../machines.ts";
import type { Scenario } from "../scenarios.ts";
import { type Fault, fault, nothing, on, withColumns, withData, withRow } from "./plant.ts";

/** What the order service might get wrong. */
export const orderFaults: readonly Fault[] = [
  miscontext("does not look at the currency", () => ({ accountCurrency: "GBP" })),
  miscontext("does not look at the limit", () => ({ totalLimitMinor: Number.MAX_SAFE_INTEGER })),
  miscontext("takes the limit as too much", ({ totalLimitMinor }) => ({ totalLimitMinor: totalLimitMinor - 1 })),
  miscontext("does not look at the deadline", () => ({ deadlineAfterMs: 0 })),
  ...["created", "paid"].map((status) =>
    fault(
      `voids for the customer again and again when ${status}`,
      "order",
      on("order.cancel.request", status, (_step, before, got, shippedIn) =>
        shippedIn(withColumns(before, got, { cancelRequestedAtMs: null })),
      ),
    ),
  ),
  fault(
    "voids for the deadline again and again",
    "order",
    on("deadline.passed", "created", (_step, before, got, shippedIn) =>
      shippedIn(withColumns(before, got, { expiredAtMs: null })),
    ),
  ),
  fault(
    "notes a deadline that has passed when paid, and forgets it again",
    "order",
    on("deadline.passed", "paid", (step, before, got) => {
      const row = before.rows[got.orderId];
      const noted = row != null && "expiredAtMs" in row && row.expiredAtMs !== null;
      return withRow(step, got, { expiredAtMs: noted ? null : nowMs });
    }),
  ),
  fault(
    "lets no customer void what the deadline voided",
    "order",
    on("order.cancel.request", undefined, (step, before, { orderId }) => {
      const row = before.rows[orderId];
      return row != null && "expiredAtMs" in row && row.expiredAtMs !== null ? nothing(before) : step;
    }),
  ),
  fault(
    "cancels itself what payment was asked to charge",
    "order",
    on("order.cancel.request", "created", (step, _before, { orderId }) => ({
      ...step,
      outbox: [
        ...step.outbox,
        { type: "order.cancel", orderId, atMs: 0, data: { reason: "customer", refundedMinor: 0 } },
        { type: "stock.rollback", orderId, atMs: 0, data: { reason: "customer" } },
      ],
    })),
  ),
  fault(
    "forgets while it waits for stock that the customer cancelled",
    "order",
    on("stock.success", "cancelling", (_step, before, { orderId }, shippedIn) =>
      shippedIn({ ...before, rows: { ...before.rows, [orderId]: null } }),
    ),
  ),
  fault(
    "asks payment for another amount",
    "order",
    on("stock.success", "none", (step) => withData(step, "payment.request", { amountMinor: 1 })),
  ),
  fault(
    "cancels for another reason",
    "order",
    on("order.cancel", "created", (step, _before, got) => withRow(step, got, { reason: "stock-short" })),
  ),
];

/** A fault of a setting: the service as shipped, but in another context. */
function miscontext(name: string, change: (context: Scenario["context"]) => Partial<Scenario["context"]>): Fault {
  return { name, plant: (context) => shippedMachines({ ...context, ...change(context) }) };
}
