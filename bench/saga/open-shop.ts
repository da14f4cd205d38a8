import { setTimeout as delay } from "node:timers/promises";
import { orderView } from "#contracts/http.ts";
import { createShopHttp, type ShopHttp } from "../../cli/start/shop-http.ts";
import type { Shop } from "./shop.ts";
import type { Workload } from "./workloads.ts";

const entriesAtMost = 1_000;
const piecesAtOnce = 1_000_000;
const restocks = 10;
const firstOrderWithinMs = 60_000;

/**
 * Sets prices, fills the shelves and the accounts over HTTP, and sees a first order through, so that every worker has its
 * partitions. Gives the number of orders posted.
 */
export async function openShop(shop: Shop, workload: Workload): Promise<number> {
  const timeout = AbortSignal.timeout(firstOrderWithinMs);
  try {
    return await open(shop, workload, timeout);
  } catch (error) {
    if (!timeout.aborted) throw error;
    const what = `the shop was not open, its first order at its end, within ${firstOrderWithinMs / 1_000} s`;
    throw new Error(what, { cause: error });
  }
}

async function open(shop: Shop, workload: Workload, timeout: AbortSignal): Promise<number> {
  const http = createShopHttp(timeout);
  const { stock, payment } = shop.ports;
  const put = (port: number, method: "POST" | "PUT", path: string, key: string, body: unknown) =>
    send(http, method, `http://127.0.0.1:${port}${path}`, key, body);
  for (const [index, prices] of partsOf(workload.prices))
    await put(stock, "PUT", "/prices", `prices/${index}`, { prices });
  for (let time = 0; time < restocks; time++) {
    for (const [index, products] of partsOf(workload.stocked)) {
      const items = products.map((productId) => ({ productId, quantity: piecesAtOnce }));
      await put(stock, "POST", "/restocks", `restock/${time}/${index}`, { items });
    }
  }
  for (const [index, topUps] of partsOf(workload.topUps)) {
    await put(payment, "POST", "/top-ups", `top-ups/${index}`, { currency: "GBP", topUps });
  }
  const [first] = workload.orders;
  if (first === undefined) throw new Error("a workload without orders");
  const orders = `http://127.0.0.1:${shop.ports.intake}/orders`;
  const { id } = orderView.parse(JSON.parse(await send(http, "POST", orders, "first", first.request)));
  for (;;) {
    shop.check();
    const { body } = await http.send({ method: "GET", url: `${orders}/${id}?wait=1s` });
    const { status } = orderView.parse(JSON.parse(body));
    if (status !== "received" && status !== "created") return 1;
    await delay(10, undefined, { signal: timeout });
  }
}

async function send(http: ShopHttp, method: "POST" | "PUT", url: string, idempotencyKey: string, body: unknown) {
  const answer = await http.send({ method, url, idempotencyKey, body });
  if (answer.status >= 300) throw new Error(`${method} ${url} was answered with ${answer.status}: ${answer.body}`);
  return answer.body;
}

function* partsOf<T>(entries: readonly T[]): Generator<readonly [index: number, part: readonly T[]]> {
  for (let start = 0; start < entries.length; start += entriesAtMost) {
    yield [start / entriesAtMost, entries.slice(start, start + entriesAtMost)];
  }
}
