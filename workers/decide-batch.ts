import type { Handled, Outcome, Outgoing } from "#bus/batch-handler.ts";
import type { OrderEvent } from "#contracts/events.ts";

/** What a service's decide says about one message, as far as the bus needs it. */
interface Decision {
  readonly outbox: readonly OrderEvent[];
  readonly outcome: Outcome;
}

/** A message or its discard, and the trace that it belongs to. */
export interface Traced<M> {
  readonly event: M;
  readonly traceparent: string | null;
}

/** Decides messages in their order; what each causes is published in its trace. `decideOne` keeps the state. */
export function decideBatch<M>(messages: readonly Traced<M>[], decideOne: (event: M) => Decision): Handled {
  const outbox: Outgoing[] = [];
  const outcomes = messages.map(({ event, traceparent }) => {
    const decision = decideOne(event);
    for (const caused of decision.outbox) outbox.push({ event: caused, traceparent });
    return decision.outcome;
  });
  return { outbox, outcomes };
}

/** The orders of a batch, each once. */
export function orderIdsOf(messages: readonly Traced<{ readonly orderId: string }>[]): string[] {
  return [...new Set(messages.map(({ event }) => event.orderId))];
}
