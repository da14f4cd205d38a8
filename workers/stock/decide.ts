import type { OrderEvent } from "#contracts/events.ts";
import type { Line, Reason, ShortLine } from "#contracts/fields.ts";
import type { Message } from "../message.ts";

export interface Product {
  readonly productId: string;
  /** Pieces that nobody holds. Never negative. */
  readonly available: number;
  readonly priceMinor: number;
}

/** What stock keeps of an order. Each change happens once, so a moment a change is the order's whole history. */
export interface StockOrder {
  readonly orderId: string;
  readonly status: "reserved" | "refused" | "sold" | "released" | "tombstone";
  /** What the order holds or held; a rollback gives back these, whatever a message says. */
  readonly lines: readonly Line[];
  /** Why it was refused, released or made a tombstone. */
  readonly reason: Reason | null;
  readonly reservedAtMs: number | null;
  readonly refusedAtMs: number | null;
  readonly soldAtMs: number | null;
  /** When it was released or made a tombstone. */
  readonly rolledBackAtMs: number | null;
}

export interface StockState {
  readonly order: StockOrder | undefined;
  /** Holds at least the products that the message or the order's row names, as far as stock knows them. */
  readonly products: ReadonlyMap<string, Product>;
}

export interface StockDecision {
  readonly order: StockOrder | undefined;
  /** The products that changed, as they are now. A batch puts them into its map before it decides the next message. */
  readonly products: readonly Product[];
  readonly outbox: readonly OrderEvent<"stock.success" | "stock.failed">[];
  /** For counting. `alarm` must never happen; `ignored` was overtaken by something that its rule yields to. */
  readonly outcome: "reserved" | "refused" | "sold" | "released" | "duplicate" | "ignored" | "alarm";
}

export interface StockContext {
  readonly nowMs: number;
}

export type StockMessage = Message<"order.start" | "payment.success" | "stock.rollback">;

/**
 * Stock is the arbiter of goods and of `rejected`. It never releases on a timer of its own: payment may still charge.
 * What no rule lists changes nothing and publishes nothing; so the row is the inbox, and a duplicate is harmless.
 */
export function decide(state: StockState, message: StockMessage, context: StockContext): StockDecision {
  switch (message.type) {
    case "order.start":
      return start(state, message, context);
    case "payment.success":
      return sell(state, context);
    case "stock.rollback":
      return rollBack(state, message, context);
  }
}

function start(state: StockState, message: Message<"order.start">, context: StockContext): StockDecision {
  if (state.order !== undefined) return unchanged(state, state.order.status === "tombstone" ? "ignored" : "duplicate");
  if (message.data === null) return refuse(message.orderId, "discarded", [], context);
  const { customerId, currency, lines } = message.data;
  const shortLines: ShortLine[] = [];
  const products: Product[] = [];
  const priced: OrderEvent<"stock.success">["data"]["lines"] = [];
  let totalMinor = 0;
  for (const { productId, quantity } of lines) {
    const product = state.products.get(productId);
    if (product === undefined || product.available < quantity) {
      shortLines.push({ productId, quantity, available: product?.available ?? null });
      continue;
    }
    products.push({ ...product, available: product.available - quantity });
    priced.push({ productId, quantity, priceMinor: product.priceMinor });
    totalMinor += quantity * product.priceMinor;
  }
  if (shortLines.length > 0) {
    const unknown = shortLines.some(({ available }) => available === null);
    return refuse(message.orderId, unknown ? "unknown-product" : "stock-short", shortLines, context);
  }
  // Rounding keeps the order of numbers, so a sum that passed 2^53 on the way is still past it here.
  const exactTotalMinor = Number.isSafeInteger(totalMinor) ? totalMinor : null;
  const { orderId } = message;
  const atMs = context.nowMs;
  const data = { customerId, currency, lines: priced, totalMinor: exactTotalMinor };
  return {
    order: { ...blank(orderId), status: "reserved", lines, reservedAtMs: atMs },
    products,
    outbox: [{ type: "stock.success", orderId, atMs, data }],
    outcome: "reserved",
  };
}

function refuse(orderId: string, reason: Reason, shortLines: ShortLine[], context: StockContext): StockDecision {
  const atMs = context.nowMs;
  return {
    order: { ...blank(orderId), status: "refused", reason, refusedAtMs: atMs },
    products: [],
    outbox: [{ type: "stock.failed", orderId, atMs, data: { reason, shortLines } }],
    outcome: "refused",
  };
}

function sell(state: StockState, context: StockContext): StockDecision {
  const { order } = state;
  if (order?.status !== "reserved") return unchanged(state, order?.soldAtMs != null ? "duplicate" : "ignored");
  return {
    order: { ...order, status: "sold", soldAtMs: context.nowMs },
    products: [],
    outbox: [],
    outcome: "sold",
  };
}

function rollBack(state: StockState, message: Message<"stock.rollback">, context: StockContext): StockDecision {
  const { order } = state;
  const rolledBack = { reason: message.data?.reason ?? "discarded", rolledBackAtMs: context.nowMs } as const;
  if (order === undefined) {
    // Must not happen: who rolls back has seen stock.success. The tombstone keeps a late order.start from holding for ever.
    const tombstone = { ...blank(message.orderId), status: "tombstone", ...rolledBack } as const;
    return { order: tombstone, products: [], outbox: [], outcome: "alarm" };
  }
  if (order.status !== "reserved" && order.status !== "sold") {
    return unchanged(state, order.rolledBackAtMs === null ? "ignored" : "duplicate");
  }
  const products = order.lines.map(({ productId, quantity }) => {
    const product = state.products.get(productId);
    if (product === undefined) throw new Error(`${order.orderId} holds ${productId}, which was not loaded`);
    return { ...product, available: product.available + quantity };
  });
  return { order: { ...order, status: "released", ...rolledBack }, products, outbox: [], outcome: "released" };
}

function unchanged(state: StockState, outcome: "duplicate" | "ignored"): StockDecision {
  return { order: state.order, products: [], outbox: [], outcome };
}

function blank(orderId: string) {
  return {
    orderId,
    lines: [],
    reason: null,
    reservedAtMs: null,
    refusedAtMs: null,
    soldAtMs: null,
    rolledBackAtMs: null,
  };
}
