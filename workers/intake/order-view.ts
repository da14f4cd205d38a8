import type { OrderView } from "#contracts/http.ts";
import type { View } from "./decide.ts";
import type { StuckOrder } from "./watchdog/judge.ts";

/** An order as clients see it. */
export function orderView(row: View, stuck?: StuckOrder): OrderView {
  const view: OrderView = { ...firstView(row), status: row.status };
  if (row.reason !== null) view.reason = row.reason;
  if (row.shortLines !== null) view.shortLines = [...row.shortLines];
  if (row.totalMinor !== null) view.totalMinor = row.totalMinor;
  if (row.refundedMinor !== null) view.refundedMinor = row.refundedMinor;
  if (row.deadlineAtMs !== null) view.deadlineAt = moment(row.deadlineAtMs);
  if (stuck !== undefined) {
    view.waitingFor = { message: stuck.message, service: stuck.service, why: stuck.why, since: moment(stuck.sinceMs) };
  }
  const { timeline } = view;
  if (row.reservedAtMs !== null) timeline.reservedAt = moment(row.reservedAtMs);
  if (row.createdAtMs !== null) timeline.createdAt = moment(row.createdAtMs);
  if (row.paidAtMs !== null) timeline.paidAt = moment(row.paidAtMs);
  if (row.cancelRequestedAtMs !== null) timeline.cancelRequestedAt = moment(row.cancelRequestedAtMs);
  if (row.refundedAtMs !== null) timeline.refundedAt = moment(row.refundedAtMs);
  if (row.rejectedAtMs !== null) timeline.rejectedAt = moment(row.rejectedAtMs);
  if (row.cancelledAtMs !== null) timeline.cancelledAt = moment(row.cancelledAtMs);
  return view;
}

type FirstView = Pick<View, "orderId" | "customerId" | "currency" | "lines" | "receivedAtMs">;

/** An order as it was answered when it was accepted, whatever became of it since. */
export function firstView({ orderId, customerId, currency, lines, receivedAtMs }: FirstView): OrderView {
  const timeline = { receivedAt: moment(receivedAtMs) };
  return { id: orderId, customerId, currency, lines: [...lines], status: "received", timeline };
}

const moment = (atMs: number) => new Date(atMs).toISOString();
