import type { Order } from "../order/decide.ts";
import type { Payment } from "../payment/decide.ts";
import type { StockOrder } from "../stock/decide.ts";
import type { View } from "../intake/decide.ts";
import { checkEnd } from "./laws.ts";
import type { Row } from "./machines.ts";
import type { Scenario } from "./scenarios.ts";
import type { Keeper, Publications } from "./services.ts";

/** Judges orders that have come to rest, each by itself, once for each way to be at rest. */
export interface Ends {
  /** The outcomes of all orders that must end; throws where a law is broken. */
  endOf(state: Int32Array): string;
  /** Throws where the order did not come to its end. */
  check(state: Int32Array, order: number): void;
}

export function createEnds(
  scenario: Scenario,
  keepers: readonly Keeper[],
  publications: Publications,
  at: { readonly published: number; readonly discarded: number },
): Ends {
  const known = new Map<string, string>();
  const keeperOf = (service: string, orderId: string) =>
    keepers.findIndex((keeper) => keeper.service === service && keeper.orderIds.includes(orderId));
  const places = scenario.orders.map(({ orderId }) => ({
    orderId,
    stock: keeperOf("stock", orderId),
    order: keeperOf("order", orderId),
    payment: keeperOf("payment", orderId),
    intake: keeperOf("intake", orderId),
  }));
  type Place = (typeof places)[number];
  const rowOf = (state: Int32Array, { orderId }: Place, keeper: number): Row | null =>
    keepers[keeper]?.stateOf(state[keeper]!).rows[orderId] ?? null;

  const judge = (state: Int32Array, order: number, place: Place): string =>
    checkEnd({
      stock: rowOf(state, place, place.stock) as StockOrder | null,
      order: rowOf(state, place, place.order) as Order | null,
      payment: rowOf(state, place, place.payment) as Payment | null,
      view: scenario.views ? (rowOf(state, place, place.intake) as View) : undefined,
      published: publications.eventsOf(state[at.published]!).filter(({ orderId }) => orderId === place.orderId),
      discarded: (state[at.discarded]! & (1 << order)) !== 0,
    });
  const endOfOrder = (state: Int32Array, order: number): string => {
    const place = places[order]!;
    const kept = [place.stock, place.order, place.payment, place.intake].map((keeper) => state[keeper]);
    const key = [order, ...kept, state[at.published], state[at.discarded]].join();
    const end = known.get(key) ?? judge(state, order, place);
    known.set(key, end);
    return end;
  };
  const keptOf = (state: Int32Array, place: Place) =>
    [place.stock, place.order, place.payment].map((keeper) => rowOf(state, place, keeper)?.status ?? "none").join(" ");

  return {
    endOf(state) {
      if (scenario.withheld !== undefined) return places.map((place) => keptOf(state, place)).join(" | ");
      const judged = places.map((_place, order) => order).slice(scenario.neverRead === undefined ? 0 : 1);
      return judged.map((order) => endOfOrder(state, order)).join(" | ");
    },
    check: (state, order) => void endOfOrder(state, order),
  };
}
