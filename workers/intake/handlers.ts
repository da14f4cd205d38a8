import type { BatchHandler, Handled } from "#bus/batch-handler.ts";
import { groups } from "#contracts/topics.ts";
import type { Transaction } from "#db/connection.ts";
import { createBatchRows, type RowUpdate } from "../batch-rows.ts";
import { decideBatch, orderIdsOf, type Traced } from "../decide-batch.ts";
import { decide, type View, type ViewMessage } from "./decide.ts";
import { loadViews, saveViews } from "./store.ts";

export type ViewReads = ViewMessage["type"];

/** Intake's view on the bus: what became of the orders that intake accepted. `onSeen` is told what changed once it is durable. */
export function createViewHandler(onSeen: (changes: readonly RowUpdate<View>[]) => void): BatchHandler<ViewReads> {
  return {
    service: "intake",
    groupId: groups.view,
    reads: ["stock.failed", "order.created", "payment.success", "payment.refunded", "order.cancel"],
    handle: decideMessages,
    discard: (tx, message) => decideMessages(tx, [message]),
  };

  async function decideMessages(tx: Transaction, messages: readonly Traced<ViewMessage>[]): Promise<Handled> {
    const views = createBatchRows(await loadViews(tx, orderIdsOf(messages)), ({ orderId }) => orderId);
    const handled = decideBatch(messages, (event) => {
      const decision = decide(views.current.get(event.orderId), event);
      if (decision.view !== undefined) views.put(event.orderId, decision.view);
      return decision;
    });
    const changes = views.changes();
    await saveViews(tx, changes);
    return { ...handled, onCommitted: () => onSeen(changes.updated) };
  }
}
