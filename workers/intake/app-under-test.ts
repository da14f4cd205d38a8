import { asc, sql } from "drizzle-orm";
import type { Hono } from "hono";
import type { EventData } from "#contracts/events.ts";
import { type OrderRequest, type OrderView, orderView } from "#contracts/http.ts";
import { migrations } from "#db/intake/migrations.ts";
import { orders } from "#db/intake/schema.ts";
import { openServiceUnderTest } from "../testing/service-under-test.ts";
import { countInFlight } from "./accepted-orders.ts";
import { createAdmission } from "./admission.ts";
import { type AskGoods, createAskGoods } from "./ask-goods.ts";
import { createCancellation } from "./cancel-orders.ts";
import { createViewHandler, type ViewReads } from "./handlers.ts";
import { createIntakeApp, type IntakeHttpOptions } from "./http.ts";
import { createOrderNews } from "./order-news.ts";
import { createOrderPlacement } from "./place-orders.ts";
import type { StuckOrder } from "./watchdog/judge.ts";

const { signal } = new AbortController();

export interface AppOptions {
  readonly ordersInFlightAtMost?: number;
  readonly bearerToken?: string;
  readonly cancelWindowMs?: number;
  /** What stock would say of an order's goods. */
  readonly askGoods?: AskGoods;
  /** For who watches. */
  readonly watched?: Pick<IntakeHttpOptions, "live" | "open" | "signal">;
}

/** Intake's HTTP on a store of its own, with a clock and an outbox age that a test sets. */
export async function openIntakeUnderTest() {
  const service = await openServiceUnderTest("intake", migrations);
  const { store, write, log } = service;
  const news = createOrderNews();
  const viewHandler = createViewHandler((changes) => news.tell(() => changes));
  const given = { nowMs: 1_000_000, outboxAgeMs: 0, stuck: [] as StuckOrder[] };

  function createApp(options: AppOptions = {}): Hono {
    const { ordersInFlightAtMost = 1_000, bearerToken, cancelWindowMs = 60_000, watched } = options;
    const { askGoods = createAskGoods(undefined, undefined) } = options;
    const admission = createAdmission({
      ordersInFlightAtMost,
      outboxAgeAtMostMs: 60_000,
      countInFlight: () => store.read(signal, countInFlight),
      outboxAgeMs: () => given.outboxAgeMs,
      refusal: () => undefined,
      nowMs: () => given.nowMs,
    });
    const placeOrder = createOrderPlacement(write, signal, (rows) => {
      news.tell(() => rows.map((after) => ({ before: undefined, after })));
    });
    return createIntakeApp({
      store,
      admission,
      news,
      placeOrder,
      stuckOrder: (id) => given.stuck.find(({ orderId }) => orderId === id),
      cancelOrder: createCancellation(write, { cancelWindowMs }, signal, (changes) => news.tell(() => changes)),
      askGoods,
      signal,
      bearerToken,
      notReady: () => [],
      metrics: () => "orders 1\n",
      log,
      ...watched,
    });
  }

  let app = createApp();
  return {
    service,
    given,
    orderNews: news,
    /** The same store behind an app with other settings, as after a restart. */
    restart: (options: AppOptions) => (app = createApp(options)),
    request: (path: string, init: RequestInit = {}) => Promise.resolve(app.request(path, init)),
    post(content: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
      const body = typeof content === "string" ? content : JSON.stringify(content);
      const init = { method: "POST", body, headers: { "content-type": "application/json", ...headers } };
      return Promise.resolve(app.request("/orders", init));
    },
    rows: () => store.read(signal, (db) => db.select().from(orders).orderBy(asc(orders.orderId))),
    async outboxIds(): Promise<string[]> {
      const rows = await store.read(signal, (db) =>
        db.all<{ id: string }>(sql`SELECT message_id AS id FROM outbox ORDER BY seq`),
      );
      return rows.map(({ id }) => id);
    },
    /** What the bus would bring about an order. */
    async news<K extends ViewReads>(orderId: string, type: K, data: EventData<K>, atMs = 7): Promise<void> {
      const event = { type, orderId, atMs, data } as Parameters<typeof viewHandler.handle>[1][number]["event"];
      const { onCommitted } = await store.write(signal, (tx) =>
        viewHandler.handle(tx, [{ event, traceparent: null }], 9),
      );
      onCommitted?.();
    },
  };
}

export type IntakeUnderTest = Awaited<ReturnType<typeof openIntakeUnderTest>>;

export const orderBody: OrderRequest = {
  customerId: "c1",
  currency: "GBP",
  lines: [{ productId: "p1", quantity: 2 }],
};
export const payment = { amountMinor: 1, currency: "GBP", paymentId: "p" };
export const orderOf = async (response: Response): Promise<OrderView> => orderView.parse(await response.json());
