import { decode, encode } from "#contracts/envelope.ts";
import type { OrderEvent } from "#contracts/events.ts";
import { type Service, topics } from "#contracts/topics.ts";
import type { Order } from "../order/decide.ts";
import type { Payment } from "../payment/decide.ts";
import type { StockOrder } from "../stock/decide.ts";
import type { View } from "../intake/decide.ts";
import { type MachineState, type Row, type SagaMessage, type Step, nowMs } from "./machines.ts";

/** A run of the saga that must not be. */
export class Violation extends Error {
  override name = "Violation";
}

function must(holds: boolean, law: string): asserts holds {
  if (!holds) throw new Violation(law);
}

/** What a service keeps at the start of a scenario. */
export type Endowment = Pick<MachineState, "products" | "accounts">;

/** Holds in every state of every service. */
export function checkState(state: MachineState, start: Endowment): void {
  for (const row of Object.values(state.rows)) if (row !== null) checkRow(row);
  checkGoods(state, start);
  checkMoney(state, start);
}

/** The moment, and for ends the reason, that a row must keep, by its status. */
export const moments: Readonly<Record<string, readonly string[]>> = {
  reserved: ["reservedAtMs"],
  refused: ["refusedAtMs", "reason"],
  sold: ["soldAtMs"],
  released: ["rolledBackAtMs", "reason"],
  tombstone: ["rolledBackAtMs", "reason"],
  cancelling: ["cancelRequestedAtMs"],
  received: ["receivedAtMs"],
  created: ["createdAtMs"],
  paid: ["paidAtMs"],
  rejected: ["rejectedAtMs", "reason"],
  cancelled: ["cancelledAtMs", "reason"],
  charged: ["chargedAtMs"],
  fenced: ["fencedAtMs", "reason"],
  refunded: ["refundedAtMs", "reason"],
};

function checkRow(row: Row): void {
  const columns: Readonly<Record<string, unknown>> = { ...row };
  const [moment, why] = moments[row.status] ?? [];
  must(moment !== undefined && columns[moment] === nowMs, `a row that is ${row.status} says when`);
  must(why === undefined || columns[why] !== null, `a row that is ${row.status} says why`);
}

function checkGoods(state: MachineState, start: Endowment): void {
  for (const { productId, available } of Object.values(state.products)) {
    must(available >= 0, "no product is oversold");
    let held = 0;
    for (const row of Object.values(state.rows) as (StockOrder | null)[]) {
      if (row?.status !== "reserved" && row?.status !== "sold") continue;
      for (const line of row.lines) if (line.productId === productId) held += line.quantity;
    }
    must(available + held === start.products[productId]?.available, "goods are conserved");
  }
}

function checkMoney(state: MachineState, start: Endowment): void {
  const ids = state.ledger.map(({ transferId }) => transferId);
  must(new Set(ids).size === ids.length, "no order is charged or refunded twice");
  for (const { customerId, balanceMinor } of Object.values(state.accounts)) {
    must(balanceMinor >= 0, "no account is overdrawn");
    let moved = 0;
    for (const { debit, credit, amountMinor } of state.ledger) {
      if (debit === `customer/${customerId}`) moved -= amountMinor;
      if (credit === `customer/${customerId}`) moved += amountMinor;
    }
    must(balanceMinor === (start.accounts[customerId]?.balanceMinor ?? 0) + moved, "money is conserved");
  }
  for (const [orderId, row] of Object.entries(state.rows)) {
    const charged = row?.status === "charged" || row?.status === "refunded";
    must(ids.includes(`charge/${orderId}`) === charged, "an order is in the ledger when it is charged");
    must(ids.includes(`refund/${orderId}`) === (row?.status === "refunded"), "a refund is in the ledger");
  }
}

const viewRank = { received: 0, created: 1, paid: 2, rejected: 3, cancelled: 3 } as const;

/** Holds for a step that changes nothing: `later` is the same step at a later time. A copy must not move a moment. */
export function checkNothing(before: MachineState, later: Step): void {
  const same = JSON.stringify(later.state) === JSON.stringify(before);
  must(same && later.outbox.length === 0, "what changes nothing now changes nothing later");
}

/** Holds for every step that a service takes. */
export function checkStep(service: Service, before: MachineState, message: SagaMessage, step: Step): void {
  must(step.outcome !== "alarm", `${service} never raises its alarm`);
  for (const event of step.outbox)
    must(topics[event.type].writers.includes(service), `${service} writes ${event.type}`);
  const from = before.rows[message.orderId];
  const to = step.state.rows[message.orderId];
  must(!(from != null && to == null), "no row is lost");
  if (service === "payment" && to?.status === "refunded" && from?.status !== "refunded") {
    must(message.type === "payment.void" && message.data?.cause === "customer", "only the customer's void refunds");
  }
  if (message.type === "cancel" && (from as View).cancelRequestedAtMs === null && viewRank[(from as View).status] < 3) {
    must(step.outbox.length === 1, "the customer may cancel until the end");
  }
  if (service !== "order" && service !== "intake") return;
  if (from == null || to == null || from.status === to.status) return;
  must(from.status !== "rejected" && from.status !== "cancelled", "rejected and cancelled absorb everything");
  if (from.status === "paid") {
    must(to.status === "cancelled", "paid can only become cancelled");
    must(to.reason === "customer" || isDiscard(message), "a paid order is cancelled by the customer only");
  }
  if (service === "order") return;
  must(viewRank[(to as View).status] > viewRank[(from as View).status], "the view never goes back");
}

const isDiscard = (message: SagaMessage) => "data" in message && message.data === null;

/** Holds for everything that is published: readers can read it. */
export function checkEvent(event: OrderEvent): void {
  const { key, topic, value } = encode(event, "stock");
  const decoded = decode(topic, key, value);
  if (event.type === "stock.success") {
    const sum = event.data.lines.reduce((total, line) => total + line.quantity * line.priceMinor, 0);
    must(event.data.totalMinor === sum, "the total is the sum of the lines");
  }
  must(decoded.ok, `${event.type} follows its contract${decoded.ok ? "" : `: ${decoded.detail}`}`);
}

/** An order as all services keep it. `view` is undefined when the scenario leaves views out. */
export interface OrderAtRest {
  readonly stock: StockOrder | null;
  readonly order: Order | null;
  readonly payment: Payment | null;
  readonly view: View | undefined;
  readonly published: readonly OrderEvent[];
  /** Whether an operator discarded a message of this order: then reasons and details may be unknown to some. */
  readonly discarded: boolean;
}

const agreedEnds = [
  ["paid", ["sold"], ["paid"], ["charged"]],
  ["rejected", ["refused"], ["rejected"], ["none"]],
  ["cancelled", ["released"], ["cancelled"], ["none", "refused", "fenced", "refunded"]],
] as const;

/** Holds where no message can change anything any more; gives the outcome and the reason that all agree on. */
export function checkEnd(at: OrderAtRest): string {
  const [stock, order, payment] = [at.stock, at.order, at.payment].map((row) => row?.status ?? "none") as string[];
  const found = agreedEnds.find(
    ([, stocks, orders, payments]) =>
      stocks.some((one) => one === stock) &&
      orders.some((one) => one === order) &&
      payments.some((one) => one === payment),
  );
  must(found !== undefined, `all agree on the end (stock ${stock}, order ${order}, payment ${payment})`);
  const end = found[0];
  const count = (type: string) => at.published.filter((event) => event.type === type).length;
  for (const [type, happened] of facts(at))
    must(count(type) === (happened ? 1 : 0), `${type} is published when it happened`);
  const asked = at.payment?.amountMinor ?? at.order?.totalMinor;
  must(at.discarded || asked === at.order?.totalMinor, "payment was asked for the order's total");
  must(end !== "paid" || count("order.cancel.request") === 0, "who cancels before the end does not pay");
  must(count("order.cancel") === (end === "cancelled" ? 1 : 0), "order.cancel is published once, for cancelled orders");
  must(
    count("stock.rollback") === (end === "cancelled" ? 1 : 0),
    "stock.rollback is published once, for cancelled orders",
  );
  if (at.view !== undefined) checkView(at.view, at, end);
  if (at.discarded) return end;
  if (end === "cancelled") must(at.stock?.reason === at.order?.reason, "stock and order agree on the reason");
  if (at.payment?.reason != null) must(at.payment.reason === at.order?.reason, "payment and order agree on the reason");
  if (payment === "none" && end === "cancelled") must(count("payment.request") === 0, "payment ends what it was asked");
  return at.order?.reason == null ? end : `${end}: ${at.order.reason}`;
}

/** What the services' rows say that happened, by the event that tells it. */
function facts({ stock, order, payment }: OrderAtRest): [string, boolean][] {
  return [
    ["stock.success", stock?.reservedAtMs != null],
    ["stock.failed", stock?.refusedAtMs != null],
    ["order.created", order?.createdAtMs != null],
    ["payment.request", order?.createdAtMs != null],
    ["payment.success", payment?.chargedAtMs != null],
    ["payment.refunded", payment?.refundedAtMs != null],
    ["order.cancel", order?.cancelledAtMs != null],
    ["stock.rollback", order?.cancelledAtMs != null],
  ];
}

function checkView(view: View, at: OrderAtRest, end: string): void {
  must(view.status === end, `the view shows the end (${view.status}, not ${end})`);
  const published = (type: string) => at.published.find((event) => event.type === type);
  const seen: [number | null, string][] = [
    [view.createdAtMs, "order.created"],
    [view.paidAtMs, "payment.success"],
    [view.rejectedAtMs, "stock.failed"],
    [view.cancelledAtMs, "order.cancel"],
    [view.refundedAtMs, "payment.refunded"],
    [view.cancelRequestedAtMs, "order.cancel.request"],
  ];
  for (const [moment, type] of seen) {
    must((moment !== null) === (published(type) !== undefined), `the timeline has ${type} when it happened`);
  }
  if (at.discarded) return;
  must(view.reason === at.order?.reason, "the view shows the reason");
  must((view.reservedAtMs !== null) === (view.createdAtMs !== null), "the timeline has the reservation");
  must((view.totalMinor !== null) === (view.createdAtMs !== null), "the view shows the total");
  must((view.deadlineAtMs !== null) === (view.createdAtMs !== null), "the view shows the deadline");
  must((view.shortLines !== null) === (end === "rejected"), "the view shows the short lines");
  const refunded = at.payment?.status === "refunded" ? at.payment.amountMinor : 0;
  must(end !== "cancelled" || view.refundedMinor === refunded, "the view shows what was refunded");
}
