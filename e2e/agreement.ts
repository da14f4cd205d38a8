// For tests only.
import { sql } from "drizzle-orm";
import { type Service, services } from "#contracts/topics.ts";
import type { Database } from "#db/connection.ts";
import { createReader, type Reader } from "#db/reader.ts";

/** What the four stores keep of one order, and what they have published about it. */
export interface OrderRecord {
  /** Each service's status, with the reason in brackets where it keeps one; null where it has no row. */
  readonly ends: Readonly<Record<Service, string | null>>;
  /** Ids of its messages without the order, by who published them, in the order of their commits. */
  readonly published: Readonly<Record<Service, readonly string[]>>;
  /** Ledger entries: kind and amount in minor units. */
  readonly transfers: readonly string[];
  /** Lines that stock holds or has sold. */
  readonly holds: readonly string[];
}

/** An event as a service published it. */
export interface PublishedMessage {
  readonly id: string;
  readonly topic: string;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly traceparent: string | null;
}

export interface StoresReader {
  orders(orderIds: readonly string[]): Promise<Map<string, OrderRecord>>;
  messagesOf(orderIds: readonly string[]): Promise<PublishedMessage[]>;
  /** Where each group of a service goes on: `topic/partition` to offset. */
  positions(service: Service): Promise<ReadonlyMap<string, number>>;
  /** Pieces of a product that nobody holds, and money on an account; undefined for an unknown one. */
  available(productId: string): Promise<number | undefined>;
  balanceMinor(customerId: string): Promise<number | undefined>;
  /** Dead letters as `topic: reason`. */
  deadLetters(service: Service): Promise<string[]>;
  /** Another file lies where a service's store was: it is opened anew. */
  reopen(service: Service): void;
  close(): void;
}

type Ends = readonly [intake: string, stock: string, order: string, payment: readonly (string | null)[]];

/** The agreed ends of the design, without reasons. */
const agreedEnds: readonly Ends[] = [
  ["paid", "sold", "paid", ["charged"]],
  ["rejected", "refused", "rejected", [null]],
  ["cancelled", "released", "cancelled", [null, "refused", "fenced", "refunded"]],
];

/** Names each order whose services do not agree on an end, and what each says; empty when all do. */
export function disagreements(orders: ReadonlyMap<string, OrderRecord>): string[] {
  const status = (end: string | null) => end?.split(" ")[0] ?? null;
  return [...orders].flatMap(([orderId, { ends }]) => {
    const agreed = agreedEnds.some(
      ([intake, stock, order, payment]) =>
        status(ends.intake) === intake &&
        status(ends.stock) === stock &&
        status(ends.order) === order &&
        payment.includes(status(ends.payment)),
    );
    const says = services.map((service) => `${service} ${ends[service] ?? "nothing"}`).join(", ");
    return agreed ? [] : [`${orderId}: ${says}`];
  });
}

export function openStoresReader(urls: Readonly<Record<Service, string>>): StoresReader {
  const { signal } = new AbortController();
  const readers = new Map<Service, Reader>();
  const read = <T>(service: Service, work: (database: Database) => Promise<T>): Promise<T> => {
    const reader = readers.get(service) ?? createReader({ url: urls[service] });
    readers.set(service, reader);
    return reader.read(signal, work);
  };
  return {
    orders: (orderIds) => readOrders(read, orderIds),
    async messagesOf(orderIds) {
      const ids = JSON.stringify(orderIds);
      const ofService = (service: Service) =>
        read(service, (database) =>
          database.all<MessageRow>(sql`
            SELECT message_id AS id, topic, key, value, traceparent FROM outbox
            WHERE topic NOT LIKE '%.dlq' AND CAST(key AS TEXT) IN (SELECT value FROM json_each(${ids})) ORDER BY seq`),
        );
      const rows = (await Promise.all(services.map(ofService))).flat();
      return rows.map((row) => ({ ...row, key: new Uint8Array(row.key), value: new Uint8Array(row.value) }));
    },
    async positions(service) {
      const rows = await read(service, (database) =>
        database.all<{ topic: string; partition: number; next: number }>(
          sql`SELECT topic, partition, next FROM offsets`,
        ),
      );
      return new Map(rows.map(({ topic, partition, next }) => [`${topic}/${partition}`, next]));
    },
    available: async (productId) =>
      (
        await read("stock", (database) =>
          database.all<{ available: number }>(sql`SELECT available FROM products WHERE product_id = ${productId}`),
        )
      )[0]?.available,
    balanceMinor: async (customerId) =>
      (
        await read("payment", (database) =>
          database.all<{ balance: number }>(
            sql`SELECT balance_minor AS balance FROM accounts WHERE customer_id = ${customerId}`,
          ),
        )
      )[0]?.balance,
    async deadLetters(service) {
      const rows = await read(service, (database) =>
        database.all<{ text: string }>(sql`SELECT topic || ': ' || reason AS text FROM dead_letters ORDER BY id`),
      );
      return rows.map(({ text }) => text);
    },
    reopen(service) {
      readers.get(service)?.close();
      readers.delete(service);
    },
    close: () => readers.forEach((reader) => reader.close()),
  };
}

type MessageRow = Omit<PublishedMessage, "key" | "value"> & { readonly key: ArrayBuffer; readonly value: ArrayBuffer };
type Read = <T>(service: Service, work: (database: Database) => Promise<T>) => Promise<T>;

async function readOrders(read: Read, orderIds: readonly string[]): Promise<Map<string, OrderRecord>> {
  const ids = JSON.stringify(orderIds);
  const endsOf = async (service: Service) => {
    const table = sql.identifier(service === "payment" ? "payments" : "orders");
    const rows = await read(service, (database) =>
      database.all<{ id: string; end: string }>(sql`
        SELECT order_id AS id, status || coalesce(' (' || reason || ')', '') AS end
        FROM ${table} WHERE order_id IN (SELECT value FROM json_each(${ids}))`),
    );
    return new Map(rows.map(({ id, end }) => [id, end]));
  };
  const publishedBy = (service: Service) =>
    read(service, (database) =>
      database.all<{ id: string; text: string }>(sql`
        SELECT CAST(key AS TEXT) AS id, replace(message_id, '/' || CAST(key AS TEXT), '') AS text
        FROM outbox WHERE topic NOT LIKE '%.dlq' AND CAST(key AS TEXT) IN (SELECT value FROM json_each(${ids})) ORDER BY seq`),
    );
  const ends = await perService(endsOf);
  const published = await perService(publishedBy);
  const transfers = await read("payment", (database) =>
    database.all<{ id: string; text: string }>(sql`
      SELECT order_id AS id, replace(transfer_id, '/' || order_id, '') || ' ' || amount_minor AS text
      FROM transfers WHERE order_id IN (SELECT value FROM json_each(${ids})) ORDER BY at_ms, transfer_id`),
  );
  const holds = await read("stock", (database) =>
    database.all<{ id: string; text: string }>(sql`
      SELECT order_id AS id, (line.value ->> 'quantity') || ' ' || (line.value ->> 'productId') AS text
      FROM orders, json_each(orders.lines) AS line
      WHERE status IN ('reserved', 'sold') AND order_id IN (SELECT value FROM json_each(${ids}))`),
  );
  const textsOf = (rows: readonly { id: string; text: string }[], orderId: string) =>
    rows.filter(({ id }) => id === orderId).map(({ text }) => text);
  const record = (orderId: string): OrderRecord => ({
    ends: mapServices((service) => ends[service].get(orderId) ?? null),
    published: mapServices((service) => textsOf(published[service], orderId)),
    transfers: textsOf(transfers, orderId),
    holds: textsOf(holds, orderId),
  });
  return new Map(orderIds.map((orderId) => [orderId, record(orderId)]));
}

async function perService<T>(work: (service: Service) => Promise<T>): Promise<Record<Service, T>> {
  const [intake, stock, order, payment] = await Promise.all([
    work("intake"),
    work("stock"),
    work("order"),
    work("payment"),
  ]);
  return { intake, stock, order, payment };
}

function mapServices<T>(work: (service: Service) => T): Record<Service, T> {
  return { intake: work("intake"), stock: work("stock"), order: work("order"), payment: work("payment") };
}
