import type { Line as OrderLine } from "#contracts/fields.ts";
import { parseCsv } from "./csv.ts";

/** An order as a shop front would send it. */
export interface ShopOrder {
  /** The invoice's number: the order's Idempotency-Key. */
  readonly invoice: string;
  /** The customer's number; a guest is a customer of one order. */
  readonly customerId: string;
  readonly country: string;
  /** ISO 8601. The source says no zone; UTC is assumed. */
  readonly placedAt: string;
  /** As in the invoice: a product may come twice. */
  readonly lines: readonly OrderLine[];
  readonly currency: "GBP";
}

export interface ShopProduct {
  readonly productId: string;
  readonly description: string;
  /** Pence. */
  readonly priceMinor: number;
}

/** Why a line is no line of an order, in the order in which it is asked. The README says why each is decided so. */
export const leftOutReasons = ["cancellation", "no-product", "no-quantity", "no-price"] as const;
export type LeftOutReason = (typeof leftOutReasons)[number];

/** What a file holds. Everything in it is either in an order or counted as left out. */
export interface ShopDay {
  readonly orders: readonly ShopOrder[];
  /** Each product of an order once, in the order of its first line. */
  readonly products: readonly ShopProduct[];
  readonly leftOut: {
    /** Lines of the file, by reason. */
    readonly lines: Readonly<Record<LeftOutReason, number>>;
    /** Invoices none of whose lines is left. */
    readonly invoices: number;
  };
}

/** Reads a file of the Online Retail data set. Throws an Error with the line where it is not of that form. */
export function readOrders(csv: string): ShopDay {
  const [header, ...records] = parseCsv(csv);
  if (header?.join() !== columns.join()) throw new Error(`line 1: the columns must be ${columns.join()}`);
  const leftOut = { cancellation: 0, "no-product": 0, "no-quantity": 0, "no-price": 0 };
  const invoices = new Map<string, Line[]>();
  for (const [index, record] of records.entries()) {
    const line = readLine(record, index + 2);
    const lines = invoices.get(line.invoice) ?? [];
    invoices.set(line.invoice, lines);
    const reason = whyLeftOut(line);
    if (reason === undefined) lines.push(line);
    else leftOut[reason] += 1;
  }
  const kept = [...invoices.values()].filter((lines) => lines.length > 0);
  return {
    orders: kept.map(orderOf),
    products: productsOf(kept.flat()),
    leftOut: { lines: leftOut, invoices: invoices.size - kept.length },
  };
}

const columns = [
  "InvoiceNo",
  "StockCode",
  "Description",
  "Quantity",
  "InvoiceDate",
  "UnitPrice",
  "CustomerID",
  "Country",
];

interface Line {
  readonly invoice: string;
  readonly productId: string;
  readonly description: string;
  readonly quantity: number;
  readonly placedAt: string;
  readonly priceMinor: number;
  /** Empty for a guest. */
  readonly customer: string;
  readonly country: string;
}

function readLine(record: readonly string[], number: number): Line {
  const [invoice = "", code = "", description = "", quantity = "", date = "", price = "", customer = "", country = ""] =
    record;
  const broken = (what: string) => new Error(`line ${number}: ${what}`);
  if (record.length !== columns.length) throw broken(`${record.length} fields, not ${columns.length}`);
  if (!/^-?\d{1,9}$/.test(quantity)) throw broken(`quantity ${quantity} is no whole number`);
  const [, day, time] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/.exec(date) ?? [];
  if (day === undefined || time === undefined) throw broken(`date ${date} is not like 2010-12-01 08:26:00`);
  const priceMinor = readPence(price);
  if (priceMinor === undefined) throw broken(`price ${price} is not in whole pence`);
  return {
    invoice,
    // One product is typed in both cases, 85123a and 85123A.
    productId: code.toUpperCase(),
    description: description.trim(),
    quantity: Number(quantity),
    placedAt: `${day}T${time}Z`,
    priceMinor,
    customer: customer.replace(/\.0$/, ""),
    country,
  };
}

/** Pence of an amount in pounds, by its digits: 2.55 has no exact floating-point number, and 2.55 * 100 is not 255. */
function readPence(text: string): number | undefined {
  const [, sign, pounds = "", fraction = ""] = /^(-?)(\d{1,9})(?:\.(\d+))?$/.exec(text) ?? [];
  if (sign === undefined || !/^\d{0,2}0*$/.test(fraction)) return undefined;
  const pence = Number(pounds) * 100 + Number(fraction.slice(0, 2).padEnd(2, "0"));
  return sign === "-" ? -pence : pence;
}

function whyLeftOut(line: Line): LeftOutReason | undefined {
  if (line.invoice.startsWith("C")) return "cancellation";
  if (!/^\d{5}[A-Z]*$/.test(line.productId)) return "no-product";
  if (line.quantity <= 0) return "no-quantity";
  return line.priceMinor <= 0 ? "no-price" : undefined;
}

function orderOf(lines: readonly Line[]): ShopOrder {
  const [first] = lines;
  if (first === undefined) throw new Error("an order has lines");
  const { invoice, customer, country, placedAt } = first;
  return {
    invoice,
    customerId: customer === "" ? `guest-${invoice}` : customer,
    country,
    placedAt,
    lines: lines.map(({ productId, quantity }) => ({ productId, quantity })),
    currency: "GBP",
  };
}

function productsOf(lines: readonly Line[]): ShopProduct[] {
  const byId = new Map<string, Line[]>();
  for (const line of lines) {
    const sold = byId.get(line.productId) ?? [];
    byId.set(line.productId, sold);
    sold.push(line);
  }
  return [...byId].map(([productId, sold]) => ({
    productId,
    description: sold.find((line) => line.description !== "")?.description ?? "",
    priceMinor: usualPrice(sold),
  }));
}

/** The price on most lines; of several such, the lowest. */
function usualPrice(lines: readonly Line[]): number {
  const counts = new Map<number, number>();
  for (const { priceMinor } of lines) counts.set(priceMinor, (counts.get(priceMinor) ?? 0) + 1);
  const [usual] = [...counts].sort(([priceA, countA], [priceB, countB]) => countB - countA || priceA - priceB);
  if (usual === undefined) throw new Error("a product has lines");
  return usual[0];
}
