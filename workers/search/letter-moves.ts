import { type Closing, type LetterHandling, type LetterStep, letterSteps } from "./letter-handling.ts";
import { Violation } from "./laws.ts";
import type { Scenario } from "./scenarios.ts";
import type { Delivery, Keeper } from "./services.ts";
import type { Layout, Stepping } from "./stepping.ts";

/** What happened, without words until somebody asks for them. */
export interface Move {
  readonly what: "gets" | "set aside" | LetterStep;
  readonly to: number;
  readonly message: number;
}

/** `next` is made anew for each visit: copy it to keep it. */
export type Visit = (next: Int32Array, move: Move) => void;

export interface LetterMovesOptions {
  readonly scenario: Scenario;
  readonly handling: LetterHandling;
  readonly keepers: readonly Keeper[];
  readonly layout: Layout;
  readonly stepping: Stepping;
}

/** Visits what may become of messages and dead letters in a state: one is set aside, or healed, replayed or discarded. */
export function createLetterMoves({ scenario, handling, keepers, layout: at, stepping }: LetterMovesOptions) {
  const { next, take, settle } = stepping;

  /** Whether the discard comes to something else than the message: then reasons and details may be unknown to some. */
  const tellsLess = (kept: number, { to, message, discard }: Delivery) => {
    if (discard === undefined) return false;
    const [whole, bare] = [keepers[to]!.step(kept, message), keepers[to]!.step(kept, discard)];
    return whole.nextId !== bare.nextId || whole.outbox.join() !== bare.outbox.join();
  };

  const close = (state: Int32Array, letter: Delivery, { closes, sends, decides }: Closing) => {
    next.set(state);
    for (const { bit } of closes) next[at.dead]! &= ~bit;
    for (const { bit } of sends) next[at.owed]! |= bit;
    for (const { to, message } of decides) {
      const isLess = message === letter.discard && tellsLess(next[to]!, letter);
      if (take(to, message) && isLess) next[at.discarded]! |= 1 << letter.order;
    }
    settle();
  };

  return (state: Int32Array, deliveries: readonly Delivery[], letters: readonly Delivery[], visit: Visit): void => {
    for (const letter of letters) {
      let isStuck = true;
      for (const what of letterSteps) {
        const closing = handling.close(what, letter, letters, deliveries);
        if (closing === undefined) continue;
        isStuck = false;
        close(state, letter, closing);
        visit(next, { what, to: letter.to, message: letter.message });
      }
      if (isStuck) throw new Violation(`every dead letter can be dealt with (${letter.topic})`);
    }
    if (letters.length >= scenario.deadLetters) return;
    for (const delivery of deliveries) {
      const { bit, to, message } = delivery;
      if ((state[at.dead]! & bit) !== 0 || !handling.reads(delivery, letters)) continue;
      if (!scenario.deadCopies && !keepers[to]!.changes(state[to]!, message)) continue;
      next.set(state);
      // The only copy on its way, so that none but an operator brings another, though others may come.
      next[at.owed]! &= ~bit;
      for (const kept of handling.keeps(delivery)) next[at.dead]! |= kept.bit;
      visit(next, { what: "set aside", to, message });
    }
  };
}
