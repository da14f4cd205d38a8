import { uuidv7 } from "uuidv7";
import type { Outgoing } from "#bus/batch-handler.ts";
import type { Bus } from "#bus/start-bus.ts";
import type { OrderRequest } from "#contracts/http.ts";
import type { Transaction } from "#db/connection.ts";
import { createGroupCommit } from "../group-commit.ts";
import { hashOf } from "../http/idempotent-requests.ts";
import { type CustomerKey, type FirstAnswer, findByKeys, insertOrders, type OrderRow } from "./accepted-orders.ts";
import { accept, type View } from "./decide.ts";

export interface PlacedRequest {
  readonly order: OrderRequest;
  /** Undefined: a request of its own, however often it comes. */
  readonly idempotencyKey: string | undefined;
  readonly traceparent: string;
}

/** The order that a request made, or the one that an earlier request with its key made. Undefined: the key was reused. */
export type Placed = FirstAnswer | undefined;

/** 500 orders of one line, or 5 of a thousand lines: the insert of the lines is what takes long. */
const groupLimit = { weightAtMost: 5_500, weightOf: ({ order }: PlacedRequest) => 10 + order.lines.length };

/**
 * Places orders: durable with their order.start when the promise is kept. Requests at one time share one commit. `onPlaced` is
 * told of the new ones then.
 */
export function createOrderPlacement(
  write: Bus["write"],
  signal: AbortSignal,
  onPlaced: (rows: readonly OrderRow[]) => void = () => undefined,
): (request: PlacedRequest) => Promise<Placed> {
  return createGroupCommit<PlacedRequest, Placed>(async (take) => {
    const { placed, rows } = await write(signal, (tx, nowMs) => placeOrders(tx, take(), nowMs));
    onPlaced(rows);
    return placed;
  }, groupLimit);
}

/** Two statements, whatever the number of requests. */
async function placeOrders(tx: Transaction, requests: readonly PlacedRequest[], nowMs: number) {
  const keys = new Map<string, CustomerKey>();
  for (const { order, idempotencyKey } of requests) {
    if (idempotencyKey === undefined) continue;
    const customerKey = { customerId: order.customerId, idempotencyKey };
    keys.set(nameOf(customerKey), customerKey);
  }
  const known = new Map<string, FirstAnswer>();
  for (const row of await findByKeys(tx, [...keys.values()])) {
    if (row.idempotencyKey === null) continue;
    known.set(nameOf({ customerId: row.customerId, idempotencyKey: row.idempotencyKey }), row);
  }
  const rows: OrderRow[] = [];
  const outbox: Outgoing[] = [];
  const placed = requests.map((request): Placed => {
    const { order, idempotencyKey = null, traceparent } = request;
    const decision = accept({ ...order, orderId: uuidv7(), idempotencyKey }, { nowMs, cancelWindowMs: 0 });
    const { view } = decision;
    if (view === undefined) throw new Error("an order that is accepted has no row");
    const bodyHash = bodyHashOf(view);
    const name = idempotencyKey === null ? undefined : nameOf({ customerId: order.customerId, idempotencyKey });
    const first = name === undefined ? undefined : known.get(name);
    if (first !== undefined) return first.bodyHash === bodyHash ? first : undefined;
    const row = { ...view, idempotencyKey, bodyHash };
    rows.push(row);
    outbox.push(...decision.outbox.map((event) => ({ event, traceparent })));
    // The same key may come again in this very group.
    if (name !== undefined) known.set(name, row);
    return row;
  });
  await insertOrders(tx, rows);
  return { result: { placed, rows }, outbox };
}

/** Neither part has a space. */
const nameOf = ({ customerId, idempotencyKey }: CustomerKey) => `${customerId} ${idempotencyKey}`;

/** Of the order that a body asks for: its lines merged by product, in their order, and nothing that we do not know. */
export function bodyHashOf({ customerId, currency, lines }: View): string {
  return hashOf(JSON.stringify([customerId, currency, lines.map(({ productId, quantity }) => [productId, quantity])]));
}
