import type { Hono } from "hono";
import * as z from "zod";
import { customerId, orderId, reason, idempotencyKey } from "#contracts/fields.ts";
import { type Cancellation, type OrderPage, orderRequest, orderStatus, type OrderView } from "#contracts/http.ts";
import type { Store } from "#db/open-store.ts";
import { keyOf } from "../http/idempotent-requests.ts";
import { readBody } from "../http/json-body.ts";
import { invalidRequest, keyReused, notFound } from "../http/problem.ts";
import { createServiceApp, type ServiceAppOptions } from "../http/service-app.ts";
import { traceparentOf } from "../http/traceparent.ts";
import { findEnded, readOrder } from "./accepted-orders.ts";
import type { Admission } from "./admission.ts";
import type { AskGoods } from "./ask-goods.ts";
import type { Cancelled, CancelRequest } from "./cancel-orders.ts";
import { cancellationOf } from "./cancellation.ts";
import { createEventsApp } from "./events-http.ts";
import { findOrders } from "./find-orders.ts";
import type { Live } from "./live.ts";
import { intakeOpenApi } from "./openapi.ts";
import { createOrderEnds } from "./order-ends.ts";
import type { OrderNews } from "./order-news.ts";
import { firstView, orderView } from "./order-view.ts";
import type { Placed, PlacedRequest } from "./place-orders.ts";
import type { StuckOrder } from "./watchdog/judge.ts";

export interface IntakeHttpOptions extends ServiceAppOptions {
  readonly store: Store;
  readonly admission: Admission;
  readonly news: OrderNews;
  /** Undefined: this is no shop for trying. */
  readonly demo?: Hono | undefined;
  /** Undefined: nobody can watch. */
  readonly live?: Live;
  readonly placeOrder: (request: PlacedRequest) => Promise<Placed>;
  readonly cancelOrder: (request: CancelRequest) => Promise<Cancelled>;
  readonly askGoods: AskGoods;
  /** What an order waits for that does not go on. */
  readonly stuckOrder: (orderId: string) => StuckOrder | undefined;
  /** Ends the waiting of requests, so that a server that stops need not wait for it. */
  readonly signal: AbortSignal;
}

/** One look serves many requests, so none of them may end it. */
const never = new AbortController().signal;

/** A thousand lines of the longest ids take half of it. */
const bodyBytesAtMost = 256 * 1024;
const waitAtMostMs = 30_000;
const pageSize = { fallback: 50, most: 200 } as const;

// Compiled once: on bodies of one line a third faster, on long ones more.
const orderBody = z.compile(orderRequest, { strict: true });

/** What shops and people see of intake. */
export function createIntakeApp(options: IntakeHttpOptions): Hono {
  const { store, admission, news, live, placeOrder, cancelOrder, signal } = options;
  const app = createServiceApp({ ...options, notReady: () => [...options.notReady(), ...admission.notReady()] });
  const ends = createOrderEnds(news, (orderIds) => store.read(never, (database) => findEnded(database, orderIds)));

  const openApi = intakeOpenApi();
  app.get("/openapi.json", (context) => context.json(openApi));

  app.post("/orders", async ({ req: { raw } }) => {
    const key = keyOf(raw);
    const order = await readBody(raw, orderBody, bodyBytesAtMost);
    await admission.admit();
    try {
      const placed = await placeOrder({ order, idempotencyKey: key, traceparent: traceparentOf(raw) });
      if (placed === undefined) throw keyReused();
      return answer(firstView(placed), 202, { location: `/orders/${placed.orderId}` });
    } catch (error) {
      admission.storeFailed(error);
      throw error;
    } finally {
      admission.settled();
    }
  });

  const find = async (id: string, at: AbortSignal): Promise<OrderView> => {
    const isId = orderId.safeParse(id).success;
    const row = isId ? await store.read(at, (database) => readOrder(database, id)) : undefined;
    if (row === undefined) throw notFound(`There is no order ${id}`);
    return orderView(row, options.stuckOrder(id));
  };

  if (options.demo !== undefined) app.route("/", options.demo);
  if (live !== undefined) app.route("/", createEventsApp({ live, news, findOrder: find, signal }));

  app.get("/orders/:id", async ({ req }) => {
    const waitMs = parseWaitMs(req.query("wait"));
    const id = req.param("id");
    if (waitMs === 0) return answer(await find(id, req.raw.signal));
    const looked = new AbortController();
    const end = ends.wait(id, waitMs, AbortSignal.any([signal, req.raw.signal, looked.signal]));
    try {
      const view = await find(id, req.raw.signal);
      if (hasEnded(view)) return answer(view);
      await end;
    } finally {
      looked.abort();
    }
    return answer(await find(id, req.raw.signal));
  });

  app.get("/orders/:id/goods", async (context) => {
    const { id } = await find(context.req.param("id"), context.req.raw.signal);
    return context.json(await options.askGoods(id, context.req.raw.signal));
  });

  // Taken however many orders are in flight: a cancel makes them fewer.
  app.post("/orders/:id/cancel", async ({ req }) => {
    const id = req.param("id");
    const asked = orderId.safeParse(id).success;
    const cancelled = asked ? await cancelOrder({ orderId: id, traceparent: traceparentOf(req.raw) }) : undefined;
    if (cancelled === undefined) throw notFound(`There is no order ${id}`);
    const cancellation = cancellationOf(cancelled);
    return answer(cancellation, cancellation.state === "ended" ? 200 : 202, { location: `/orders/${id}` });
  });

  app.get("/orders", async ({ req }) => {
    const query = parsePage(req.query());
    const { rows, next } = await store.read(req.raw.signal, (database) => findOrders(database, query));
    const page: OrderPage = { orders: rows.map((row) => orderView(row, options.stuckOrder(row.orderId))) };
    if (next !== undefined) page.next = next;
    return answer(page);
  });
  return app;
}

/** As `findEnded` says it of rows: a paid order that is cancelled has its end before it. */
function hasEnded({ status, timeline }: OrderView): boolean {
  if (status === "paid") return timeline.cancelRequestedAt === undefined;
  return status === "rejected" || status === "cancelled";
}

type Body = OrderView | OrderPage | Cancellation;

function answer(body: Body, status = 200, headers?: Record<string, string>): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });
}

function parseWaitMs(text: string | undefined): number {
  if (text === undefined) return 0;
  const match = /^(\d{1,6})(ms|s)$/.exec(text);
  if (match === null) throw invalidRequest("wait must be a time such as 5s or 500ms");
  return Math.min(Number(match[1]) * (match[2] === "s" ? 1000 : 1), waitAtMostMs);
}

const page = z.object({
  customer: customerId.optional(),
  key: idempotencyKey.optional(),
  status: orderStatus.optional(),
  reason: reason.optional(),
  cursor: orderId.optional(),
  limit: z.coerce.number().int().min(1).max(pageSize.most).default(pageSize.fallback),
});

function parsePage(query: Record<string, string>) {
  const parsed = page.safeParse(query);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw invalidRequest(`The query is not valid: ${problems.join("; ")}`);
}
