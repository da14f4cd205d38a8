import type { OrderRecord } from "../e2e/agreement.ts";
import { type OrderKind, orderKinds } from "../e2e/order-kinds.ts";

/** What was done to an order, as far as it may change its end. */
export interface Fate {
  readonly kind: OrderKind;
  /** Intake promised that it ends cancelled or rejected. */
  readonly isCancelled: boolean;
  /** Topics of its genuine messages that an operator discarded. */
  readonly discarded: ReadonlySet<string>;
}

/** One way in which an order may end: everything that the stores must say, and what its customer spent. */
export interface End extends Pick<OrderRecord, "ends" | "transfers" | "holds"> {
  readonly spentMinor: number;
}

/** All the ways in which an order may end, and no others. */
export function endsOf({ kind, isCancelled, discarded }: Fate): End[] {
  const { record, spentMinor } = orderKinds[kind];
  const own: End = { ends: record.ends, transfers: record.transfers, holds: record.holds, spentMinor };
  const isReserved = record.published.stock.includes("stock.success");
  const isAsked = record.published.order.includes("payment.request");
  const ends = isCancelled && kind === "paid" ? [] : [own];
  if (isCancelled && isReserved) ends.push(...cancels(kind, isAsked));
  // A step that is discarded is its refusal; a verdict that is discarded is applied, and changes no end.
  if (discarded.has("order.start")) ends.push(nothing(rejected("discarded")));
  if (discarded.has("stock.success") && isReserved) ends.push(nothing(cancelled("discarded", null)));
  if (discarded.has("payment.request") && isAsked) ends.push(nothing(cancelled("discarded", "refused (discarded)")));
  return ends;
}

function cancels(kind: OrderKind, isAsked: boolean): End[] {
  const before = nothing(cancelled("customer", null));
  if (!isAsked) return [before];
  const fenced = nothing(cancelled("customer", "fenced (customer)"));
  if (kind !== "paid") return [before, fenced];
  const refunded = {
    ...nothing(cancelled("customer", "refunded (customer)")),
    transfers: ["charge 300", "refund 300"],
  };
  return [before, fenced, refunded];
}

const nothing = (ends: End["ends"]): End => ({ ends, transfers: [], holds: [], spentMinor: 0 });

function cancelled(reason: string, payment: string | null): End["ends"] {
  return { intake: `cancelled (${reason})`, stock: `released (${reason})`, order: `cancelled (${reason})`, payment };
}

function rejected(reason: string): End["ends"] {
  return { intake: `rejected (${reason})`, stock: `refused (${reason})`, order: `rejected (${reason})`, payment: null };
}

/** What is wrong with the end of an order; undefined: it is one that it may have. */
export function judgeEnd(
  fate: Fate,
  record: Pick<OrderRecord, "ends" | "transfers" | "holds"> | undefined,
  balanceMinor: number,
): string | undefined {
  if (record === undefined) return "no store knows it";
  const allowed = endsOf(fate);
  const spentMinor = orderKinds[fate.kind].balanceMinor - balanceMinor;
  if (allowed.some((end) => matches(end, record, spentMinor, fate.discarded.size > 0))) return undefined;
  const says = JSON.stringify({ ...record.ends, transfers: record.transfers, holds: record.holds, spentMinor });
  const may = allowed.map(({ ends }) => Object.values(ends).join(" / ")).join("; or ");
  return `${fate.kind}${fate.isCancelled ? ", cancelled by its customer" : ""}: ended ${says}; it may end ${may}`;
}

function matches(
  end: End,
  { ends, transfers, holds }: Pick<OrderRecord, "ends" | "transfers" | "holds">,
  spentMinor: number,
  mayNotKnow: boolean,
): boolean {
  const isSame = (Object.keys(end.ends) as (keyof End["ends"])[]).every((service) => {
    const [expected, found] = [end.ends[service], ends[service]];
    // Who was told by a discard cannot know the reason that was in the message.
    return (
      found === expected || (mayNotKnow && found !== null && found === expected?.replace(/ \(.*\)$/, " (discarded)"))
    );
  });
  const sameLists = transfers.join() === end.transfers.join() && holds.join() === end.holds.join();
  return isSame && sameLists && spentMinor === end.spentMinor;
}
