import type { Payment } from "../../payment/decide.ts";
import type { StockOrder } from "../../stock/decide.ts";
import { type MachineState, type Row, type SagaMessage, nowMs } from "../machines.ts";
import { type Fault, fault, inState, on } from "./plant.ts";
import { withProducts } from "./stock.ts";

/** What services might get wrong only where one order's letter is discarded while they keep another order. */
export const twoOrderFaults: readonly Fault[] = [
  fault(
    "takes what a discarded order asked for as held",
    "stock",
    on("order.start", "none", (step, before, got, shippedIn) =>
      othersOf<StockOrder>(before, got).some(({ reason }) => reason === "discarded")
        ? inState(shippedIn(withProducts(before, -2)), (state) => withProducts(state, 2))
        : step,
    ),
  ),
  fault(
    "gives back all that is held when a rollback is discarded",
    "stock",
    on("discard of stock.rollback", "reserved", (step, before, got) => {
      const held = othersOf<StockOrder>(before, got).filter(({ status }) => status === "sold");
      return inState(step, (state) => withProducts(state, held.length));
    }),
  ),
  fault(
    "refuses what was charged before when a request is discarded",
    "payment",
    on("discard of payment.request", "none", (step, before, got) => {
      const charged = othersOf<Payment>(before, got).filter(({ status }) => status === "charged");
      const refused = charged.map(
        (row) => [row.orderId, { ...row, status: "refused", reason: "discarded", refusedAtMs: nowMs }] as const,
      );
      return inState(step, (state) => ({ ...state, rows: { ...state.rows, ...Object.fromEntries(refused) } }));
    }),
  ),
];

function othersOf<T extends Row>(state: MachineState, { orderId }: SagaMessage): T[] {
  return Object.values(state.rows).filter((row): row is T => row !== null && row.orderId !== orderId);
}
