import type { BatchHandler, Handled } from "#bus/batch-handler.ts";
import { classify, describeError, isSystemFailure } from "#bus/batch/error-policy.ts";
import { outboxMessage } from "#bus/relay/outbox-messages.ts";
import type { Bus } from "#bus/start-bus.ts";
import type { AdminRequest, DeadLetterResult } from "#contracts/dead-letters.ts";
import { placeOf } from "#contracts/dead-letters.ts";
import type { Transaction } from "#db/connection.ts";
import { closeDeadLetter, type DeadLetterRow, readDeadLetter } from "#db/dead-letter-rows.ts";
import { appendTrail, readTrailOf } from "#db/trail.ts";
import { notFound, ProblemError, ruleBroken } from "../http/problem.ts";

export type Closing = "healed" | "replayed" | "discarded";

const actions: Readonly<Record<Closing, string>> = { healed: "heal", replayed: "replay", discarded: "discard" };
/** In the trail: what an operator has tried, and nothing came of it. */
const triedActions: typeof actions = {
  healed: "tried to heal",
  replayed: "tried to replay",
  discarded: "tried to discard",
};

/** What it comes to in the store, and in words. */
export interface Effect {
  readonly handled: Handled;
  readonly words: string;
}

export interface LetterClosing {
  readonly write: Bus["write"];
  readonly signal: AbortSignal;
  readonly id: number;
  readonly state: Closing;
  readonly request: AdminRequest;
  /** What closing it this way does, in the transaction that closes it; throws to leave it as it is. */
  readonly act: (tx: Transaction, letter: DeadLetterRow, nowMs: number) => Promise<Effect>;
}

/** Takes back what a dry run did. */
class DryRun extends Error {
  readonly words: string;

  constructor(words: string) {
    super("dry run");
    this.words = words;
  }
}

/**
 * Closes a dead letter: its state, what that does to the order and the trail in one transaction, guarded by the row, so that
 * it happens once however often and by however many it is asked for. A dry run does it all, and takes it back.
 * @throws ProblemError when there is no such letter, and whatever `act` throws; then nothing is changed
 */
export async function closeLetter(closing: LetterClosing): Promise<DeadLetterResult> {
  const { write, signal, id, state, request } = closing;
  let acting = false;
  try {
    let done: Handled | undefined;
    const result = await write<DeadLetterResult>(signal, async (tx, nowMs) => {
      done = undefined;
      acting = false;
      const letter = await readDeadLetter(tx, id);
      if (letter === undefined) throw notFound(`There is no dead letter ${id}`);
      if (!(await closeDeadLetter(tx, id, state, nowMs))) return { result: await closedBefore(tx, letter), outbox: [] };
      acting = true;
      const { handled, words } = await closing.act(tx, letter, nowMs);
      acting = false;
      if (request.dryRun) throw new DryRun(words);
      const { operator, why } = request;
      const entry = { atMs: nowMs, operator, why, action: actions[state], subject: placeOf(letter), effect: words };
      await appendTrail(tx, entry);
      done = handled;
      return { result: { outcome: "done", state, effect: words }, outbox: handled.outbox };
    });
    done?.onCommitted?.();
    return result;
  } catch (error) {
    if (error instanceof DryRun) return { outcome: "would", state: "dead", effect: error.words };
    const failure = acting ? stillFailing(error) : error;
    if (acting && failure instanceof ProblemError && !request.dryRun) await noteTry(closing, failure);
    throw failure;
  }
}

/** That it was tried, by whom, why, and what came of it; the transaction that tried was taken back with all that it did. */
async function noteTry({ write, signal, id, state, request }: LetterClosing, failure: ProblemError): Promise<void> {
  const { operator, why } = request;
  const effect = failure.details.errors?.[0]?.detail ?? failure.message;
  await write(signal, async (tx, nowMs) => {
    const letter = await readDeadLetter(tx, id);
    if (letter === undefined) throw notFound(`There is no dead letter ${id}`);
    await appendTrail(tx, {
      atMs: nowMs,
      operator,
      why,
      action: triedActions[state],
      subject: placeOf(letter),
      effect,
    });
    return { result: undefined, outbox: [] };
  });
}

/** What a handler cannot take is told to the operator; what only has to wait is thrown on. */
function stillFailing(error: unknown): unknown {
  if (error instanceof ProblemError) return error;
  const kind = error instanceof TypeError && !isSystemFailure(error) ? "poison" : classify(error);
  if (kind === "transient" || kind === "commit-unknown") return error;
  return ruleBroken([{ pointer: "#", detail: `it still fails (${kind}): ${describeError(error)}` }]);
}

async function closedBefore(tx: Transaction, letter: DeadLetterRow): Promise<DeadLetterResult> {
  const last = (await readTrailOf(tx, placeOf(letter))).at(-1);
  const by = last === undefined ? "" : ` by ${last.operator} at ${new Date(last.atMs).toISOString()}: ${last.effect}`;
  return { outcome: "already", state: letter.state, effect: `${letter.state}${by}` };
}

/** What a decision came to, in words. */
export function wordsOf(handled: Handled, handler: Pick<BatchHandler, "service">): string {
  const outcome = handled.outcomes.join(", ");
  const ids = handled.outbox.map((outgoing) => outboxMessage(outgoing, handler.service).messageId);
  return `${handler.service} decided: ${outcome}; published: ${ids.join(", ") || "nothing"}`;
}
