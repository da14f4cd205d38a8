import type { ExpectedOutcome } from "#data/shop.ts";
import type { OrderView } from "#contracts/http.ts";
import { createLatencies } from "./latencies.ts";

/** How one order of the shop front ended. */
export interface Settled {
  readonly invoice: string;
  readonly orderId: string;
  readonly status: OrderView["status"];
  readonly reason: string | undefined;
  /** From sending the order to seeing its end. */
  readonly latencyMs: number;
}

/** Counts what the shop front sees. */
export interface Tally {
  accepted(): void;
  /** The order itself was refused, with this answer. */
  refused(invoice: string, answer: string): void;
  settled(order: Settled): void;
  now(): Progress;
  /** By the same clock as `performance.now()`. */
  firstSettledAtMs(): number | undefined;
  outcomes(expected: ReadonlyMap<string, ExpectedOutcome>): Outcomes;
}

export interface Progress {
  readonly accepted: number;
  readonly settled: number;
  /** By status. */
  readonly ends: Readonly<Record<string, number>>;
  readonly refused: number;
  readonly perSecond: number;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

export interface Outcomes {
  readonly rows: readonly {
    readonly status: string;
    readonly reason: string;
    readonly orders: number;
    readonly expected: number;
  }[];
  /** Orders that did not end as they must, in words. */
  readonly surprises: readonly string[];
}

export function createTally(nowMs: () => number = () => performance.now()): Tally {
  const startedAtMs = nowMs();
  const orders: Settled[] = [];
  const latencies = createLatencies();
  const ends: Record<string, number> = {};
  const refusals = new Map<string, string>();
  let acceptedCount = 0;
  let firstAtMs: number | undefined;
  let lastAtMs = startedAtMs;
  return {
    accepted: () => void (acceptedCount += 1),
    refused: (invoice, answer) => void refusals.set(invoice, answer),
    settled(order) {
      orders.push(order);
      latencies.add(order.latencyMs);
      ends[order.status] = (ends[order.status] ?? 0) + 1;
      lastAtMs = nowMs();
      firstAtMs ??= lastAtMs;
    },
    firstSettledAtMs: () => firstAtMs,
    now() {
      const seconds = (lastAtMs - startedAtMs) / 1_000;
      return {
        accepted: acceptedCount,
        settled: orders.length,
        ends: { ...ends },
        refused: refusals.size,
        perSecond: seconds > 0 ? orders.length / seconds : 0,
        p50Ms: latencies.percentile(0.5),
        p99Ms: latencies.percentile(0.99),
      };
    },
    outcomes: (expected) => compare(orders, refusals, expected),
  };
}

function compare(
  orders: readonly Settled[],
  refusals: ReadonlyMap<string, string>,
  expected: ReadonlyMap<string, ExpectedOutcome>,
): Outcomes {
  const rows = new Map<string, { status: string; reason: string; orders: number; expected: number }>();
  const rowOf = (status: string, reason = "") => {
    const key = `${status} ${reason}`;
    const row = rows.get(key) ?? { status, reason, orders: 0, expected: 0 };
    rows.set(key, row);
    return row;
  };
  for (const end of expected.values()) rowOf(end.status, reasonOf(end)).expected += 1;
  for (const { status, reason } of orders) rowOf(status, reason).orders += 1;
  const actual = new Map(orders.map((order) => [order.invoice, order]));
  const surprises = [...expected].flatMap(([invoice, end]) => {
    const order = actual.get(invoice);
    const must = text(end.status, reasonOf(end));
    if (order === undefined) return [`invoice ${invoice}: ${refusals.get(invoice) ?? "did not end"}, not ${must}`];
    const is = text(order.status, order.reason);
    return is === must ? [] : [`invoice ${invoice}, order ${order.orderId}: ${is}, not ${must}`];
  });
  return { rows: [...rows.values()].toSorted(byEnd), surprises };
}

const reasonOf = (end: ExpectedOutcome) => ("reason" in end ? end.reason : undefined);
const text = (status: string, reason: string | undefined) => (reason === undefined ? status : `${status} (${reason})`);

const ranks = ["paid", "rejected", "cancelled"];
function byEnd(a: { status: string; expected: number }, b: { status: string; expected: number }): number {
  return ranks.indexOf(a.status) - ranks.indexOf(b.status) || b.expected - a.expected;
}
