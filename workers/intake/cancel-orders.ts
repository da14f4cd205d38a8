import type { Outgoing } from "#bus/batch-handler.ts";
import type { Bus } from "#bus/start-bus.ts";
import type { Transaction } from "#db/connection.ts";
import { createBatchRows, type RowUpdate } from "../batch-rows.ts";
import { createGroupCommit } from "../group-commit.ts";
import { requestCancel, type View, type ViewDecision } from "./decide.ts";
import { loadViews, saveViews } from "./store.ts";

export interface CancelRequest {
  readonly orderId: string;
  readonly traceparent: string;
}

/** What became of a request to cancel, and the order as it is then. Undefined: intake has no such order. */
export type Cancelled = { readonly outcome: ViewDecision["outcome"]; readonly view: View } | undefined;

const groupLimit = { weightAtMost: 500, weightOf: () => 1 };

/**
 * Takes cancels: durable with their order.cancel.request when the promise is kept. Requests at one time share one commit.
 * `onRequested` is told of what changed then.
 */
export function createCancellation(
  write: Bus["write"],
  settings: { readonly cancelWindowMs: number },
  signal: AbortSignal,
  onRequested: (changes: readonly RowUpdate<View>[]) => void = () => undefined,
): (request: CancelRequest) => Promise<Cancelled> {
  return createGroupCommit<CancelRequest, Cancelled>(async (take) => {
    const { cancelled, changes } = await write(signal, (tx, nowMs) => cancelOrders(tx, take(), { ...settings, nowMs }));
    onRequested(changes);
    return cancelled;
  }, groupLimit);
}

/** Two statements, whatever the number of requests. */
async function cancelOrders(
  tx: Transaction,
  requests: readonly CancelRequest[],
  context: { readonly cancelWindowMs: number; readonly nowMs: number },
) {
  const orderIds = [...new Set(requests.map(({ orderId }) => orderId))];
  const views = createBatchRows(await loadViews(tx, orderIds), ({ orderId }) => orderId);
  const outbox: Outgoing[] = [];
  const cancelled = requests.map(({ orderId, traceparent }): Cancelled => {
    const decision = requestCancel(views.current.get(orderId), context);
    const { view, outcome } = decision;
    if (view === undefined) return undefined;
    // The same order may be asked for again in this very group.
    views.put(orderId, view);
    outbox.push(...decision.outbox.map((event) => ({ event, traceparent })));
    return { outcome, view };
  });
  const changes = views.changes();
  await saveViews(tx, changes);
  return { result: { cancelled, changes: changes.updated }, outbox };
}
