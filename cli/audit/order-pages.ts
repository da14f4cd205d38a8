import { type Service, services } from "#contracts/topics.ts";
import type { Transaction } from "#db/connection.ts";
import { loadOrders, loadPage, type Rows, type WholeOrder } from "./order-rows.ts";
import type { Snapshots } from "./stores.ts";

/** Orders held in memory of each store at a time. */
const pageOrders = 1_000;

/**
 * All orders of all stores, each whole, in the order of their ids: the four sorted tables are read in step, so memory stays
 * flat whatever their size.
 */
export async function* wholeOrders(stores: Snapshots, signal: AbortSignal): AsyncGenerator<readonly WholeOrder[]> {
  const cursors = {
    intake: createCursor("intake", stores.intake),
    stock: createCursor("stock", stores.stock),
    order: createCursor("order", stores.order),
    payment: createCursor("payment", stores.payment),
  };
  for (;;) {
    signal.throwIfAborted();
    for (const service of services) await cursors[service].fill();
    const page: WholeOrder[] = [];
    // As far as every store has been read: behind the end of one's page may be rows of an order that another has.
    while (services.every((service) => cursors[service].peek() !== undefined || cursors[service].isAtEnd())) {
      const orderId = lowest(services.map((service) => cursors[service].peek()));
      if (orderId === undefined) break;
      page.push({
        orderId,
        intake: cursors.intake.take(orderId),
        stock: cursors.stock.take(orderId),
        order: cursors.order.take(orderId),
        payment: cursors.payment.take(orderId),
      });
    }
    if (page.length === 0) return;
    yield page;
  }
}

/** Some orders, whole, in the order of their ids; those that no store has are left out. */
export async function* someOrders(
  stores: Snapshots,
  orderIds: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<readonly WholeOrder[]> {
  for (let start = 0; start < orderIds.length; start += pageOrders) {
    signal.throwIfAborted();
    const ids = orderIds.slice(start, start + pageOrders);
    const byId = async <S extends Service>(service: S) =>
      new Map((await loadOrders(service, stores[service], ids)).map((row) => [row.orderId, row]));
    const intake = await byId("intake");
    const stock = await byId("stock");
    const order = await byId("order");
    const payment = await byId("payment");
    yield ids
      .map((id) => {
        return {
          orderId: id,
          intake: intake.get(id),
          stock: stock.get(id),
          order: order.get(id),
          payment: payment.get(id),
        };
      })
      .filter((whole) => services.some((service) => whole[service] !== undefined));
  }
}

interface Cursor<R> {
  /** Reads the next page when the last is used up. */
  fill(): Promise<void>;
  /** The id of the next row that is in memory. */
  peek(): string | undefined;
  isAtEnd(): boolean;
  /** The next row, if it is of this order. */
  take(orderId: string): R | undefined;
}

function createCursor<S extends Service>(service: S, tx: Transaction): Cursor<Rows[S]> {
  let rows: Rows[S][] = [];
  let index = 0;
  let lastId = "";
  let isLast = false;
  return {
    async fill() {
      if (index < rows.length || isLast) return;
      rows = await loadPage(service, tx, lastId, pageOrders);
      index = 0;
      isLast = rows.length < pageOrders;
      lastId = rows.at(-1)?.orderId ?? lastId;
    },
    peek: () => rows[index]?.orderId,
    isAtEnd: () => isLast && index >= rows.length,
    take(orderId) {
      const row = rows[index];
      if (row?.orderId !== orderId) return undefined;
      index += 1;
      return row;
    },
  };
}

/** Compared as SQLite does: ids are ASCII. */
function lowest(ids: readonly (string | undefined)[]): string | undefined {
  let found: string | undefined;
  for (const id of ids) if (id !== undefined && (found === undefined || id < found)) found = id;
  return found;
}
