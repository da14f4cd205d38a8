import { cancellation, orderView } from "#contracts/http.ts";
import { createShopHttp, type ShopHttp } from "../cli/start/shop-http.ts";
import { openStoresReader, type StoresReader } from "../e2e/agreement.ts";
import type { BrokerName } from "../e2e/brokers.ts";
import { type OrderKind, orderKinds, shelves } from "../e2e/order-kinds.ts";
import { type Processes, startProcesses } from "../e2e/processes.ts";

export const adminToken = "chaos";

/** A shop of four workers and a broker, whose customers are many. */
export interface ChaosShop {
  readonly processes: Processes;
  readonly stores: StoresReader;
  /** Posts the n-th order until intake has answered. */
  place(n: number): Promise<PlacedOrder>;
  /** Whether intake promises that the order ends cancelled or rejected; undefined: it had ended before. */
  cancel(orderId: string): Promise<true | undefined>;
  end(): Promise<void>;
}

export interface PlacedOrder {
  readonly orderId: string;
  readonly customerId: string;
  readonly kind: OrderKind;
}

/** A broker that is frozen fails deliveries, and a worker that is gone is missed: both within seconds. */
const environment = {
  ADMIN_TOKEN: adminToken,
  KAFKA_DELIVERY_TIMEOUT_MS: "1000",
  CANCEL_WINDOW_MS: "3600000",
  WATCHDOG_INTERVAL_MS: "500",
  STUCK_AFTER_MS: "5000",
  STALL_AFTER_MS: "20000",
};

/** Half of the orders are to be paid: those have most that can go wrong. */
const others = (Object.keys(orderKinds) as OrderKind[]).filter((kind) => kind !== "paid");
const kindOf = (n: number): OrderKind => (n % 2 === 0 ? "paid" : (others[(n >> 1) % others.length] ?? "paid"));
const customerOf = (n: number) => `customer-${n}`;
const topUpsAtOnce = 500;

export async function openChaosShop(orders: number, broker: BrokerName = "the embedded broker"): Promise<ChaosShop> {
  const closing = new AbortController();
  const processes = await startProcesses({ runtime: "Bun", broker }, () => environment);
  const stores = openStoresReader(processes.storeUrls);
  const http = createShopHttp(closing.signal);
  const shop: ChaosShop = {
    processes,
    stores,
    async place(n) {
      const kind = kindOf(n);
      const { line, currency } = orderKinds[kind];
      const customerId = customerOf(n);
      const url = `${processes.worker("intake").url}/orders`;
      const text = await sent(http, "POST", url, `order/${n}`, { customerId, currency, lines: [line] });
      return { orderId: orderView.parse(JSON.parse(text)).id, customerId, kind };
    },
    async cancel(orderId) {
      const url = `${processes.worker("intake").url}/orders/${orderId}/cancel`;
      const { state } = cancellation.parse(JSON.parse(await sent(http, "POST", url, `cancel/${orderId}`)));
      return state === "requested" ? true : undefined;
    },
    async end() {
      closing.abort(new Error("the shop is closed"));
      stores.close();
      await processes.end();
    },
  };
  try {
    await fill(processes, http, orders);
  } catch (error) {
    await shop.end();
    throw error;
  }
  return shop;
}

async function sent(http: ShopHttp, method: "POST" | "PUT", url: string, idempotencyKey: string, body?: unknown) {
  const answer = await http.send({ method, url, idempotencyKey, body });
  if (answer.status >= 300) throw new Error(`${method} ${url}: ${answer.status} ${answer.body}`);
  return answer.body;
}

/** Prices, pieces, and money for all customers. */
async function fill(processes: Processes, http: ShopHttp, orders: number): Promise<void> {
  const [stock, payment] = [processes.worker("stock").url, processes.worker("payment").url];
  await sent(http, "PUT", `${stock}/prices`, "prices", { prices: shelves.prices });
  await sent(http, "POST", `${stock}/restocks`, "restock", { items: shelves.stocked });
  const topUps = Array.from({ length: orders }, (_, n) => {
    return { customerId: customerOf(n), amountMinor: orderKinds[kindOf(n)].balanceMinor };
  }).filter(({ amountMinor }) => amountMinor > 0);
  for (let at = 0; at < topUps.length; at += topUpsAtOnce) {
    const some = topUps.slice(at, at + topUpsAtOnce);
    await sent(http, "POST", `${payment}/top-ups`, `top-ups/${at}`, { currency: "GBP", topUps: some });
  }
}
