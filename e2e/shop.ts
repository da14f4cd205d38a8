// For tests only: a whole shop on this machine, whose parts can be killed one by one.
import assert from "node:assert/strict";
import { type Cancellation, cancellation, orderView } from "#contracts/http.ts";
import type { Service } from "#contracts/topics.ts";
import { until } from "#kafka/testing.ts";
import { createShopHttp } from "../cli/start/shop-http.ts";
import { disagreements, openStoresReader, type OrderRecord, type StoresReader } from "./agreement.ts";
import { withEvidence } from "./evidence.ts";
import { type OrderKind, orderKinds, shelves } from "./order-kinds.ts";
import { type Environment, type Platform, type Processes, startProcesses } from "./processes.ts";

export interface Shop {
  readonly processes: Processes;
  readonly stores: StoresReader;
  /** Gives a new customer money, and posts an order of this kind until intake has answered. */
  place(kind: OrderKind): Promise<PlacedOrder>;
  /** Gives a new customer money now; what it gives posts the order. */
  prepare(kind: OrderKind): Promise<() => Promise<PlacedOrder>>;
  /** Places so many orders at once, the kinds in turn. */
  placeMixed(count: number): Promise<PlacedOrder[]>;
  /** Sends again all that whoever runs the shop has told a service, under the keys of the first time. */
  enterAgain(service: "stock" | "payment"): Promise<void>;
  /** Posts again every order that was posted, under its key; gives the ids that intake answers, by customer. */
  postAgain(): Promise<Map<string, string>>;
  /** Cancels an order as its customer does, until intake has answered. */
  cancel(orderId: string): Promise<Cancellation>;
  /** Gives a customer all the money that an account can hold: no refund fits into it. */
  fillAccount(customerId: string): Promise<void>;
  /** Waits until all services agree on an end of each, and asserts each whole: rows, messages, money and pieces. */
  assertSettled(orders: readonly PlacedOrder[], timeoutMs?: number): Promise<void>;
  end(): Promise<void>;
}

export interface PlacedOrder {
  readonly orderId: string;
  readonly customerId: string;
  readonly kind: OrderKind;
}

type Send = (
  service: Service,
  method: "POST" | "PUT",
  path: string,
  body: unknown,
  idempotencyKey: string,
) => Promise<string>;

const kindNames = Object.keys(orderKinds) as OrderKind[];

/** As startProcesses. */
export async function openShop(platform: Platform, environmentOf?: (service: Service) => Environment): Promise<Shop> {
  const processes = await startProcesses(platform, environmentOf);
  const stores = openStoresReader(processes.storeUrls);
  const closing = new AbortController();
  const sent: Parameters<Send>[] = [];
  const sendOnce = createSend(processes, closing.signal);
  const send: Send = (...request) => {
    sent.push(request);
    return sendOnce(...request);
  };
  let placed = 0;
  const prepare = (kind: OrderKind) => prepareOrder(send, (placed += 1), kind);
  const place = async (kind: OrderKind) => (await prepare(kind))();
  const shop: Shop = {
    processes,
    stores,
    place,
    prepare,
    placeMixed: (count) =>
      Promise.all(Array.from({ length: count }, (_, n) => place(kindNames[n % kindNames.length] ?? "paid"))),
    async enterAgain(service) {
      for (const request of sent.filter(([to]) => to === service)) await sendOnce(...request);
    },
    async postAgain() {
      const posted = sent.filter(([to, , path]) => to === "intake" && path === "/orders");
      const answers = await Promise.all(posted.map((request) => sendOnce(...request)));
      const views = answers.map((body) => orderView.parse(JSON.parse(body)));
      return new Map(views.map(({ customerId, id }) => [customerId, id]));
    },
    async cancel(orderId) {
      const text = await send("intake", "POST", `/orders/${orderId}/cancel`, undefined, `cancel/${orderId}`);
      return cancellation.parse(JSON.parse(text));
    },
    async fillAccount(customerId) {
      const amountMinor = Number.MAX_SAFE_INTEGER - ((await stores.balanceMinor(customerId)) ?? 0);
      const topUps = [{ customerId, amountMinor }];
      await send("payment", "POST", "/top-ups", { currency: "GBP", topUps }, `fill/${customerId}`);
    },
    assertSettled: (orders, timeoutMs) => withEvidence(processes, () => assertSettled(stores, orders, timeoutMs)),
    async end() {
      closing.abort(new Error("the shop is closed"));
      stores.close();
      await processes.end();
    },
  };
  try {
    await stockShelves(send);
  } catch (error) {
    await shop.end();
    throw error;
  }
  return shop;
}

/** Sends until it is answered, by whatever process then has the service's port; anything but success is an error. */
function createSend(processes: Processes, signal: AbortSignal): Send {
  const http = createShopHttp(signal);
  return async (service, method, path, body, idempotencyKey) => {
    const answer = await http.send({
      method,
      url: `${processes.worker(service).url}${path}`,
      idempotencyKey,
      body,
    });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.body}`);
    return answer.body;
  };
}

async function stockShelves(send: Send): Promise<void> {
  await send("stock", "PUT", "/prices", { prices: shelves.prices }, "prices");
  await send("stock", "POST", "/restocks", { items: shelves.stocked }, "restock");
}

async function prepareOrder(send: Send, number: number, kind: OrderKind): Promise<() => Promise<PlacedOrder>> {
  const customerId = `customer-${number}`;
  const { line, currency, balanceMinor } = orderKinds[kind];
  if (balanceMinor > 0) {
    const topUps = [{ customerId, amountMinor: balanceMinor }];
    await send("payment", "POST", "/top-ups", { currency: "GBP", topUps }, `top-up/${number}`);
  }
  return async () => {
    const body = await send("intake", "POST", "/orders", { customerId, currency, lines: [line] }, `order/${number}`);
    return { orderId: orderView.parse(JSON.parse(body)).id, customerId, kind };
  };
}

async function assertSettled(stores: StoresReader, orders: readonly PlacedOrder[], timeoutMs = 30_000): Promise<void> {
  let records: ReadonlyMap<string, OrderRecord> = new Map();
  const ids = orders.map(({ orderId }) => orderId);
  assert.equal(new Set(ids).size, orders.length, "each order has an id of its own");
  const agree = async () => {
    records = await stores.orders(ids);
    return disagreements(records).length === 0;
  };
  try {
    await until("agreement", agree, timeoutMs);
  } catch (cause) {
    const named = disagreements(records);
    if (named.length === 0) throw cause;
    throw new Error(`services do not agree after ${timeoutMs} ms:\n${named.join("\n")}`, { cause });
  }
  for (const { orderId, customerId, kind } of orders) {
    const { record, balanceMinor, spentMinor } = orderKinds[kind];
    assert.deepEqual(records.get(orderId), record, `${orderId} (${kind})`);
    assert.equal((await stores.balanceMinor(customerId)) ?? 0, balanceMinor - spentMinor, `money of ${customerId}`);
  }
}
