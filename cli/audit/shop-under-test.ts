import { sql } from "drizzle-orm";
import { join } from "node:path";
import { encode } from "#contracts/envelope.ts";
import type { OrderEvent } from "#contracts/events.ts";
import { type Service, services } from "#contracts/topics.ts";
import { migrations as intakeMigrations } from "#db/intake/migrations.ts";
import { openStore, type Store } from "#db/open-store.ts";
import { migrations as orderMigrations } from "#db/order/migrations.ts";
import { migrations as paymentMigrations } from "#db/payment/migrations.ts";
import { migrations as stockMigrations } from "#db/stock/migrations.ts";
import { temporaryFolder } from "#db/temporary-store.ts";
import { audit, type Verdict } from "./audit.ts";
import { type AuditStores, openAuditStores, storeUrlsIn } from "./stores.ts";

/** Four stores that a test fills by hand, as if workers had. */
export interface ShopUnderTest {
  readonly folder: string;
  /** Runs statements on a store. */
  run(service: Service, ...statements: readonly string[]): Promise<void>;
  /** Puts orders that ended well into all four stores. */
  place(...orders: readonly PlacedOrder[]): Promise<void>;
  /** Every outbox row counts as read by all. */
  readAll(): Promise<void>;
  /**
   * @param between what happens after each time that the audit has looked: 1 at all rows, 2 at how far readers are, 3 at the
   *   suspects again
   */
  audit(between?: Readonly<Record<number, () => Promise<void>>>): Promise<Verdict>;
  remove(): Promise<void>;
}

export interface PlacedOrder {
  readonly id: string;
  readonly end: "paid" | "rejected" | "cancelled" | "refunded";
  readonly customer?: string;
  readonly product?: string;
  readonly quantity?: number;
}

const { signal } = new AbortController();
const migrations = {
  intake: intakeMigrations,
  stock: stockMigrations,
  order: orderMigrations,
  payment: paymentMigrations,
};

/** What each product of the shop costs, in pence. */
export const prices: Readonly<Record<string, number>> = { mug: 250, lamp: 500 };

export async function openShopUnderTest(): Promise<ShopUnderTest> {
  const folder = temporaryFolder();
  const urls = storeUrlsIn(folder.path);
  const open = (service: Service) => openStore({ url: urls[service], migrations: migrations[service] }, signal);
  const stores: Record<Service, Store> = {
    intake: await open("intake"),
    stock: await open("stock"),
    order: await open("order"),
    payment: await open("payment"),
  };
  const run = (service: Service, ...statements: readonly string[]) =>
    stores[service].write(signal, async (tx) => {
      for (const statement of statements) await tx.run(sql.raw(statement));
    });
  for (const service of services) await run(service, "INSERT INTO instances VALUES ('one', 1, 0, 0, 0)");
  await run("stock", ...opening.stock);
  await run("payment", ...opening.payment);
  return {
    folder: join(folder.path),
    run,
    async place(...orders) {
      for (const service of services) {
        await run(service, ...orders.flatMap((order) => rowsOf(order)[service]));
      }
    },
    async readAll() {
      for (const service of services)
        await run(service, "UPDATE instances SET published_seq = 1000000, read_seq = 1000000");
    },
    async audit(between = {}) {
      const opened = openAuditStores(urls);
      let looks = 0;
      const watched: AuditStores = {
        ...opened,
        async snapshots(at, work) {
          const result = await opened.snapshots(at, work);
          await between[++looks]?.();
          return result;
        },
      };
      try {
        return await audit(watched, { patienceMs: 200, signal });
      } finally {
        opened.close();
      }
    },
    async remove() {
      for (const service of services) await stores[service].close();
      await new Promise((resolve) => setTimeout(resolve, 0));
      folder.remove();
    },
  };
}

export const orderId = (number: number) => `019aa5f0-0000-7000-8000-${String(number).padStart(12, "0")}`;

const customers = ["ann", "bob"];

const opening = {
  stock: [
    "INSERT INTO requests VALUES ('first', 'hash', 1)",
    ...Object.entries(prices).flatMap(([id, price]) => [
      `INSERT INTO products VALUES ('${id}', 1000000, ${price})`,
      `INSERT INTO restocks VALUES ('first', '${id}', 1000000)`,
    ]),
  ],
  payment: customers.flatMap((id) => [
    `INSERT INTO accounts VALUES ('${id}', 'GBP', 1000000)`,
    `INSERT INTO transfers VALUES ('top-up/first/${id}', NULL, 'shop/payments', 'customer/${id}', 1000000, 'GBP', 1)`,
  ]),
};

const publish = (service: Service, event: OrderEvent) => {
  const { id, topic, key, value } = encode(event, service);
  const hex = (bytes: Uint8Array) => `x'${Buffer.from(bytes).toString("hex")}'`;
  return `INSERT INTO outbox (instance_id, created_at_ms, message_id, topic, key, value)
    VALUES ('one', 1, '${id}', '${topic}', ${hex(key)}, ${hex(value)})`;
};

/** A row by the names of its columns; others are null. */
const row = (table: string, cells: Readonly<Record<string, string | number>>) =>
  `INSERT INTO ${table} (${Object.keys(cells).join(", ")}) VALUES (${Object.values(cells)
    .map((cell) => (typeof cell === "number" ? cell : `'${cell}'`))
    .join(", ")})`;

function rowsOf({ id, end, customer = "ann", product = "mug", quantity = 2 }: PlacedOrder) {
  const lines = [{ productId: product, quantity }];
  const priceMinor = prices[product] ?? 0;
  const totalMinor = quantity * priceMinor;
  const base = { order_id: id };
  const known = { customer_id: customer, currency: "GBP" };
  const asked = { ...known, lines: JSON.stringify(lines) };
  const reason = {
    paid: {},
    rejected: { reason: "stock-short" },
    cancelled: { reason: "balance-short" },
    refunded: { reason: "customer" },
  }[end];
  const status = end === "refunded" ? "cancelled" : end;
  const data = { customerId: customer, currency: "GBP" };
  const isHeld = end !== "rejected";
  const total = isHeld ? { total_minor: totalMinor } : {};
  const refund = { paid: {}, rejected: {}, cancelled: { refunded_minor: 0 }, refunded: { refunded_minor: totalMinor } }[
    end
  ];
  return {
    intake: [
      row("orders", { ...base, ...asked, body_hash: "h", status, ...reason, ...total, ...refund, received_at_ms: 1 }),
      publish("intake", { type: "order.start", orderId: id, atMs: 1, data: { ...data, lines } }),
    ],
    stock: stockRows({ id, end, lines, priceMinor, reason, success: { ...data, totalMinor } }),
    order: [row("orders", { ...base, status, ...reason, ...(isHeld ? known : {}), ...total, created_at_ms: 1 })],
    payment: isHeld ? paymentRows({ id, end, customer, amountMinor: totalMinor, reason }) : [],
  } satisfies Record<Service, string[]>;
}

interface StockPart {
  readonly id: string;
  readonly end: PlacedOrder["end"];
  readonly lines: readonly { productId: string; quantity: number }[];
  readonly priceMinor: number;
  readonly reason: { readonly reason?: string };
  readonly success: { readonly customerId: string; readonly currency: string; readonly totalMinor: number };
}

function stockRows({ id, end, lines, priceMinor, reason, success }: StockPart): string[] {
  const status = { paid: "sold", rejected: "refused", cancelled: "released", refunded: "released" }[end];
  if (status === "refused") return [row("orders", { order_id: id, status, lines: "[]", ...reason, refused_at_ms: 1 })];
  const data = { ...success, lines: lines.map((line) => ({ ...line, priceMinor })) };
  const taken = lines.map(({ productId, quantity }) => {
    return `UPDATE products SET available = available - ${quantity} WHERE product_id = '${productId}'`;
  });
  return [
    row("orders", { order_id: id, status, lines: JSON.stringify(lines), ...reason, reserved_at_ms: 1 }),
    publish("stock", { type: "stock.success", orderId: id, atMs: 1, data }),
    ...(status === "sold" ? taken : []),
  ];
}

interface PaymentPart {
  readonly id: string;
  readonly end: PlacedOrder["end"];
  readonly customer: string;
  readonly amountMinor: number;
  readonly reason: { readonly reason?: string };
}

function paymentRows({ id, end, customer, amountMinor, reason }: PaymentPart): string[] {
  const status = { paid: "charged", rejected: "refused", cancelled: "refused", refunded: "refunded" }[end];
  const account = `customer/${customer}`;
  const base = { order_id: id, amount_minor: amountMinor, currency: "GBP" };
  const charge = { ...base, transfer_id: `charge/${id}`, debit: account, credit: "shop/takings", at_ms: 2 };
  const refund = { ...base, transfer_id: `refund/${id}`, debit: "shop/takings", credit: account, at_ms: 3 };
  const charged = `UPDATE accounts SET balance_minor = balance_minor - ${amountMinor} WHERE customer_id = '${customer}'`;
  return [
    row("payments", { ...base, status, ...reason, customer_id: customer }),
    ...(status === "refused" ? [] : [row("transfers", charge)]),
    ...(status === "refunded" ? [row("transfers", refund)] : []),
    ...(status === "charged" ? [charged] : []),
  ];
}
