import type { MachineState, SagaMessage } from "../machines.ts";
import { type Fault, fault, inState, on, statusOf, withData, withRow } from "./plant.ts";

/** What stock might get wrong. */
export const stockFaults: readonly Fault[] = [
  fault(
    "holds although a line is short",
    "stock",
    on("order.start", "none", (_step, before, _got, shippedIn) =>
      inState(shippedIn(withProducts(before, 9)), (state) => withProducts(state, -9)),
    ),
  ),
  fault(
    "refuses although all lines are available",
    "stock",
    on("order.start", "none", (_step, before, _got, shippedIn) =>
      inState(shippedIn(withProducts(before, -1)), (state) => withProducts(state, 1)),
    ),
  ),
  fault(
    "refuses, but holds the lines that are there",
    "stock",
    on("order.start", "none", (step) =>
      statusOf(step.state, { type: "cancel", orderId: Object.keys(step.state.rows)[0] ?? "" }) === "refused"
        ? inState(step, (state) => withProducts(state, -1))
        : step,
    ),
  ),
  fault(
    "remembers one line of what it holds",
    "stock",
    on("order.start", "none", (step, _before, got) => inState(step, (state) => onlyFirstLine(state, got))),
  ),
  fault(
    "gives back one line only",
    "stock",
    on("stock.rollback", "reserved", (_step, before, got, shippedIn) => shippedIn(onlyFirstLine(before, got))),
  ),
  fault(
    "gives back nothing",
    "stock",
    on("stock.rollback", "sold", (step, before) => inState(step, (state) => ({ ...state, products: before.products }))),
  ),
  fault(
    "calls every refusal short stock",
    "stock",
    on("order.start", "none", (step) => withData(step, "stock.failed", { reason: "stock-short" })),
  ),
  fault(
    "adds up wrongly",
    "stock",
    on("order.start", "none", (step) => withData(step, "stock.success", { totalMinor: 1 })),
  ),
  fault(
    "releases for another reason",
    "stock",
    on("stock.rollback", "reserved", (step, _before, got) => withRow(step, got, { reason: "stock-short" })),
  ),
];

export function withProducts(state: MachineState, pieces: number): MachineState {
  const products = Object.values(state.products).map((product) => ({
    ...product,
    available: product.available + pieces,
  }));
  return { ...state, products: Object.fromEntries(products.map((product) => [product.productId, product])) };
}

function onlyFirstLine(state: MachineState, { orderId }: SagaMessage): MachineState {
  const row = state.rows[orderId];
  return row != null && "lines" in row
    ? { ...state, rows: { ...state.rows, [orderId]: { ...row, lines: row.lines.slice(0, 1) } } }
    : state;
}
