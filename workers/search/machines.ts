import type { Discarded } from "#bus/batch-handler.ts";
import type { EventType, OrderEvent } from "#contracts/events.ts";
import type { Service } from "#contracts/topics.ts";
import { type ViewMessage, decide as decideView, requestCancel } from "../intake/decide.ts";
import type { View } from "../intake/decide.ts";
import {
  type DeadlinePassed,
  type Order,
  type OrderContext,
  type OrderMessage,
  decide as decideOrder,
} from "../order/decide.ts";
import {
  type Account,
  type Payment,
  type PaymentMessage,
  type Transfer,
  decide as decidePayment,
} from "../payment/decide.ts";
import { type Product, type StockMessage, type StockOrder, decide as decideStock } from "../stock/decide.ts";

/** A row of any service: the search needs to know no more of it than its status and its reason. */
export type Row = StockOrder | Order | Payment | View;

/** All that a service keeps, for the orders of a scenario. A store does the same with tables. */
export interface MachineState {
  readonly rows: Readonly<Record<string, Row | null>>;
  readonly products: Readonly<Record<string, Product>>;
  readonly accounts: Readonly<Record<string, Account>>;
  readonly ledger: readonly Transfer[];
}

/** The customer cancels: what HTTP does at intake. */
export interface CancelCommand {
  readonly type: "cancel";
  readonly orderId: string;
}

export type SagaMessage = OrderEvent | Discarded<EventType> | DeadlinePassed | CancelCommand;

export interface Step {
  readonly state: MachineState;
  readonly outbox: readonly OrderEvent[];
  readonly outcome: string;
}

/** A service as the search sees it: the shipped `decide`, and the fold of its decision into what the service keeps. */
export type Machine = (state: MachineState, message: SagaMessage, nowMs: number) => Step;
export type Machines = Readonly<Record<Service, Machine>>;

export function shippedMachines(context: Omit<OrderContext, "nowMs">): Machines {
  return {
    stock: (state, message, nowMs) => {
      const order = rowOf<StockOrder>(state, message);
      const products = new Map(Object.entries(state.products));
      const decision = decideStock({ order, products }, message as StockMessage, { nowMs });
      const changed = Object.fromEntries(decision.products.map((product) => [product.productId, product]));
      return step({ ...state, products: { ...state.products, ...changed } }, message, decision.order, decision);
    },
    order: (state, message, nowMs) => {
      const decision = decideOrder(rowOf<Order>(state, message), message as OrderMessage, { ...context, nowMs });
      return step(state, message, decision.order, decision);
    },
    payment: (state, message, nowMs) => {
      const payment = rowOf<Payment>(state, message);
      const asked = message.type === "payment.request" ? message.data?.customerId : payment?.customerId;
      const account = asked == null ? undefined : state.accounts[asked];
      const decision = decidePayment({ payment, account }, message as PaymentMessage, { nowMs });
      const accounts = decision.account && { ...state.accounts, [decision.account.customerId]: decision.account };
      const ledger = [...state.ledger, ...decision.transfers].sort((a, b) => (a.transferId < b.transferId ? -1 : 1));
      return step({ ...state, accounts: accounts ?? state.accounts, ledger }, message, decision.payment, decision);
    },
    intake: (state, message, nowMs) => {
      const view = rowOf<View>(state, message);
      const decision =
        message.type === "cancel"
          ? requestCancel(view, { nowMs, cancelWindowMs: 0 })
          : decideView(view, message as ViewMessage);
      return step(state, message, decision.view, decision);
    },
  };
}

/** The search knows no time but before and after: every decision happens at one moment, */
export const nowMs = 1_000;
/** except that a message that changes nothing must change nothing later either. */
export const laterMs = 2_000;

function rowOf<T extends Row>(state: MachineState, message: SagaMessage): T | undefined {
  return (state.rows[message.orderId] ?? undefined) as T | undefined;
}

function step(
  state: MachineState,
  message: SagaMessage,
  row: Row | undefined,
  { outbox, outcome }: { readonly outbox: readonly OrderEvent[]; readonly outcome: string },
): Step {
  return { state: { ...state, rows: { ...state.rows, [message.orderId]: row ?? null } }, outbox, outcome };
}
