import type { BatchHandler, Discarded, Handled } from "#bus/batch-handler.ts";
import type { DiscardRequest } from "#contracts/dead-letters.ts";
import { decode } from "#contracts/envelope.ts";
import { type DiscardableType, type EventType, neverDiscarded } from "#contracts/events.ts";
import type { Transaction } from "#db/connection.ts";
import type { DeadLetterRow } from "#db/dead-letter-rows.ts";
import { ruleBroken } from "../http/problem.ts";
import { type Effect, wordsOf } from "./close-letter.ts";
import { identityOf } from "./letter-identity.ts";

const nothing: Handled = { outbox: [], outcomes: [] };

/** The stored bytes to the handler, as if they came from the topic. Nothing goes back there, so nothing loops. */
export function replayBy(handler: BatchHandler) {
  return async (tx: Transaction, letter: DeadLetterRow, nowMs: number): Promise<Effect> => {
    const decoded = decode(letter.topic as EventType, letter.key, letter.value);
    if (!decoded.ok) {
      const detail = `it still cannot be read (${decoded.reason}: ${decoded.detail}): heal it, or discard it`;
      throw ruleBroken([{ pointer: "#", detail }]);
    }
    const { traceparent } = letter;
    const handled = await handler.handle(tx, [{ event: decoded.event, traceparent }], nowMs);
    return { handled, words: wordsOf(handled, handler) };
  };
}

/** A genuine message: the decision of the table, from topic and order alone. Junk that nobody of ours published: nothing. */
export function discardBy(handler: BatchHandler, { isGenuine, saidBy }: Pick<DiscardRequest, "isGenuine" | "saidBy">) {
  const said = saidBy === "operator" ? " (by the operator's word: its writer's outbox does not go back so far)" : "";
  return async (tx: Transaction, letter: DeadLetterRow, nowMs: number): Promise<Effect> => {
    if (!isGenuine) return { handled: nothing, words: `dropped: nobody of ours published it${said}` };
    const identity = identityOf(letter);
    if (identity === undefined) {
      throw ruleBroken([{ pointer: "#/isGenuine", detail: "neither key nor body name an order, so it is nobody's" }]);
    }
    const { topic, traceparent } = letter;
    if (!isDiscardable(topic)) {
      const detail = `${topic} cannot be discarded, as nobody else could end the order: heal or replay it`;
      throw ruleBroken([{ pointer: "#", detail }]);
    }
    const event = { type: topic, orderId: identity.orderId, atMs: nowMs, data: null } as Discarded<DiscardableType>;
    const handled = await handler.discard(tx, { event, traceparent }, nowMs);
    return { handled, words: `${wordsOf(handled, handler)}${said}` };
  };
}

/** The good copies are on their way: this one has nothing more to tell. */
export function healedBy(messageIds: readonly string[]) {
  return (): Promise<Effect> =>
    Promise.resolve({ handled: nothing, words: `published again by its writer: ${messageIds.join(", ")}` });
}

const isDiscardable = (topic: string): topic is DiscardableType => !neverDiscarded.some((never) => never === topic);
