import { type Fault, fault, on, withColumns, withRow } from "./plant.ts";

/** What intake might get wrong. */
export const viewFaults: readonly Fault[] = [
  fault(
    "goes back from paid",
    "intake",
    on("order.created", "paid", (step, _before, got) => withRow(step, got, { status: "created" })),
  ),
  fault(
    "goes back from cancelled",
    "intake",
    on("payment.success", "cancelled", (step, _before, got) => withRow(step, got, { status: "paid" })),
  ),
  fault(
    "calls a refunded order cancelled before it is",
    "intake",
    on("payment.refunded", "paid", (step, _before, got) => withRow(step, got, { status: "cancelled" })),
  ),
  fault(
    "lets a customer cancel again and again",
    "intake",
    on("cancel", undefined, (_step, before, got, shippedIn) =>
      shippedIn(withColumns(before, got, { cancelRequestedAtMs: null })),
    ),
  ),
  ...["reservedAtMs", "totalMinor", "deadlineAtMs", "refundedMinor", "shortLines", "reason", "refundedAtMs"].map(
    (column) => fault(`forgets ${column}`, "intake", (step, _before, got) => withRow(step, got, { [column]: null })),
  ),
];
