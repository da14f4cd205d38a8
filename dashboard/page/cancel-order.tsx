import { useEffect, useRef, useState } from "preact/hooks";
import type { Cancellation, OrderView } from "#contracts/http.ts";
import { money } from "../money.ts";
import { ask, type RequestError } from "./access.tsx";

/** What is said before anything is asked for; intake's own words come with its answer. */
function prospect({ status, totalMinor, currency }: OrderView): string {
  const total = totalMinor === undefined ? "the charge" : money(totalMinor, currency);
  if (status === "paid")
    return `${total} goes back to the customer, the goods go back to the shelf, and the order ends cancelled.`;
  return `The order ends cancelled, or rejected if the goods are short. If it was charged meanwhile, ${total} goes back in full.`;
}

/** Only what may still be cancelled; the order's own stream then shows what becomes of it. */
export function CancelOrder({ order }: { order: OrderView }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [answer, setAnswer] = useState<string>();
  const [isAsking, setAsking] = useState(false);
  const isPossible =
    order.status !== "rejected" && order.status !== "cancelled" && order.timeline.cancelRequestedAt === undefined;
  useEffect(() => {
    if (!isPossible) dialog.current?.close();
  }, [isPossible]);
  const cancel = async () => {
    setAsking(true);
    try {
      const { willHappen } = await ask<Cancellation>(`/orders/${order.id}/cancel`, { method: "POST" });
      setAnswer(willHappen);
    } catch (error) {
      setAnswer((error as RequestError).message);
    }
    setAsking(false);
    dialog.current?.close();
  };
  return (
    <>
      {isPossible && (
        <button type="button" class="danger" onClick={() => dialog.current?.showModal()}>
          Cancel this order…
        </button>
      )}
      <p role="status" class="answer">
        {answer}
      </p>
      <dialog ref={dialog} aria-labelledby="cancel-title" aria-describedby="cancel-text">
        <h2 id="cancel-title">Cancel this order?</h2>
        <p id="cancel-text">{prospect(order)}</p>
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Keep it
          </button>
          <button type="button" class="danger" disabled={isAsking} onClick={() => void cancel()}>
            {isAsking ? "Asking…" : "Cancel the order"}
          </button>
        </div>
      </dialog>
    </>
  );
}
