import type { EndedOrder, Second } from "#contracts/live.ts";
import type { View } from "./decide.ts";
import type { OrderChange } from "./order-news.ts";

/** What became of orders, second by second, for the last ten minutes. */
export interface WatchedSeconds {
  observe(changes: readonly OrderChange[]): void;
  /** Ends the second that is under way. */
  turn(nowMs: number): void;
  /** The number of the last second; the first is 1. */
  last(): number;
  /** Those after this number, as far as they are kept, oldest first. */
  after(number: number): readonly Second[];
  lastMinute(): { readonly ended: number; readonly p50Ms?: number; readonly p99Ms?: number };
  /** The newest first. */
  latest(): readonly EndedOrder[];
}

const secondsAtMost = 600;
/** So many seconds are one; durations are kept for no longer. */
const minute = 60;
const latestAtMost = 12;

/** Durations by class, each 1% wide: constant memory whatever their number. */
type Durations = Map<number, number>;

const width = Math.log(1.01);
const classOf = (ms: number) => Math.max(0, Math.round(Math.log(Math.max(ms, 1)) / width));

export function createWatchedSeconds(): WatchedSeconds {
  const seconds: { readonly second: Second; readonly durations: Durations }[] = [];
  let number = 0;
  let current = blank();
  let latest: View[] = [];

  function observeEnd({ after }: OrderChange): void {
    const { status, reason, receivedAtMs } = after;
    const endedAtMs = endOf(after);
    if (status === "received" || status === "created" || endedAtMs === null) return;
    current[status] += 1;
    if (reason !== null) current.reasons[reason] = (current.reasons[reason] ?? 0) + 1;
    const found = classOf(endedAtMs - receivedAtMs);
    current.durations.set(found, (current.durations.get(found) ?? 0) + 1);
    latest.push(after);
    // Cut seldom: shifting at each order would be a copy at each order.
    if (latest.length > 20 * latestAtMost) latest = latest.slice(-latestAtMost);
  }

  return {
    observe(changes) {
      for (const change of changes) {
        if (change.before === undefined) current.accepted += 1;
        else if (change.before.status !== change.after.status) observeEnd(change);
      }
    },
    turn(nowMs) {
      const { durations, reasons, ...counts } = current;
      const hasReasons = Object.keys(reasons).length > 0;
      seconds.push({
        second: { atMs: nowMs, ...counts, ...(hasReasons ? { reasons } : {}), ...percentilesOf([durations]) },
        durations,
      });
      if (seconds.length > secondsAtMost) seconds.shift();
      seconds.at(-1 - minute)?.durations.clear();
      number += 1;
      current = blank();
    },
    last: () => number,
    after: (from) => {
      const missing = number - from;
      return missing <= 0 ? [] : seconds.slice(-missing).map(({ second }) => second);
    },
    lastMinute() {
      const all = seconds.slice(-minute);
      const ended = all.reduce((sum, { second }) => sum + second.paid + second.rejected + second.cancelled, 0);
      return { ended, ...percentilesOf(all.map(({ durations }) => durations)) };
    },
    latest: () => latest.slice(-latestAtMost).toReversed().map(endedOrder),
  };
}

function blank() {
  const reasons: NonNullable<Second["reasons"]> = {};
  return { accepted: 0, paid: 0, rejected: 0, cancelled: 0, reasons, durations: new Map() as Durations };
}

/** When the order reached the end that it has; null while it has none, or where a discard left that open. */
function endOf({ status, paidAtMs, rejectedAtMs, cancelledAtMs }: View): number | null {
  return { received: null, created: null, paid: paidAtMs, rejected: rejectedAtMs, cancelled: cancelledAtMs }[status];
}

function endedOrder(order: View): EndedOrder {
  const { orderId: id, status, reason, totalMinor, currency, receivedAtMs } = order;
  const endedAtMs = endOf(order) ?? receivedAtMs;
  const ended: EndedOrder = { id, status, currency, endedAtMs, tookMs: Math.max(0, endedAtMs - receivedAtMs) };
  if (reason !== null) ended.reason = reason;
  if (totalMinor !== null) ended.totalMinor = totalMinor;
  return ended;
}

function percentilesOf(parts: readonly Durations[]): { p50Ms?: number; p99Ms?: number } {
  const counts = new Map<number, number>();
  let total = 0;
  for (const part of parts) {
    for (const [found, count] of part) {
      counts.set(found, (counts.get(found) ?? 0) + count);
      total += count;
    }
  }
  if (total === 0) return {};
  const classes = [...counts].toSorted(([a], [b]) => a - b);
  const percentile = (share: number) => {
    let left = Math.ceil(total * share);
    const [found = 0] = classes.find(([, count]) => (left -= count) <= 0) ?? [];
    return Math.round(Math.exp(found * width) * 10) / 10;
  };
  return { p50Ms: percentile(0.5), p99Ms: percentile(0.99) };
}
