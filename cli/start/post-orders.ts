import { sleep } from "#bus/back-off.ts";
import type { OrderView } from "#contracts/http.ts";
import type { ShopOrder } from "#data/read-orders.ts";
import type { ShopHttp } from "./shop-http.ts";
import type { Tally } from "./tally.ts";

export interface ShopFrontOptions {
  /** Of intake. */
  readonly intakeUrl: string;
  readonly http: ShopHttp;
  readonly tally: Tally;
  /** Orders a second; undefined: as many as are taken. */
  readonly ratePerSecond: number | undefined;
  readonly signal: AbortSignal;
}

/** Orders that the shop front has sent and not seen the end of. */
export const openAtMost = 128;

/** Posts orders as a shop front would, and follows each to its end. Ends when all have ended. */
export async function postOrders(orders: readonly ShopOrder[], options: ShopFrontOptions): Promise<void> {
  const { ratePerSecond, signal } = options;
  const startedAtMs = performance.now();
  let next = 0;
  async function serveOne(): Promise<void> {
    while (next < orders.length) {
      signal.throwIfAborted();
      const index = next++;
      const order = orders[index];
      if (order === undefined) return;
      if (ratePerSecond !== undefined) {
        // On a timetable: a slow answer does not lower the rate, as real customers do not wait for each other.
        const dueMs = startedAtMs + (index * 1_000) / ratePerSecond - performance.now();
        if (dueMs > 0) await sleep(dueMs, signal);
        signal.throwIfAborted();
      }
      await placeOrder(order, options);
    }
  }
  await Promise.all(Array.from({ length: Math.min(openAtMost, orders.length) }, serveOne));
}

async function placeOrder(order: ShopOrder, { intakeUrl, http, tally }: ShopFrontOptions): Promise<void> {
  const { invoice, customerId, currency, lines } = order;
  const sentAtMs = performance.now();
  const body = { customerId, currency, lines };
  const answer = await http.send({ method: "POST", url: `${intakeUrl}/orders`, idempotencyKey: invoice, body });
  if (answer.status !== 202 && answer.status !== 200) {
    tally.refused(invoice, `was refused with ${answer.status}: ${answer.body.slice(0, 300)}`);
    return;
  }
  tally.accepted();
  const { id } = JSON.parse(answer.body) as OrderView;
  const { status, reason } = await untilEnded(`${intakeUrl}/orders/${id}?wait=5s`, http);
  tally.settled({ invoice, orderId: id, status, reason, latencyMs: performance.now() - sentAtMs });
}

async function untilEnded(url: string, http: ShopHttp): Promise<OrderView> {
  for (;;) {
    const { status, body } = await http.send({ method: "GET", url });
    if (status !== 200) throw new Error(`GET ${url} was answered with ${status}: ${body}`);
    const view = JSON.parse(body) as OrderView;
    if (view.status !== "received" && view.status !== "created") return view;
  }
}
