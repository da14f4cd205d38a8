import { nameOf, type Delivery, type Keeper, type Messages } from "./services.ts";

/** Where in a state's tuple the moves of dead letters look. */
export interface LetterLayout {
  readonly delivered: number;
  readonly discards: number;
  /** Deliveries that are dead letters now, as bits. */
  readonly dead: number;
  /** How many have been. */
  readonly deaths: number;
}

export interface LetterMovesOptions {
  readonly layout: LetterLayout;
  readonly deadLettersAtMost: number;
  readonly discardsAtMost: number;
  readonly messages: Messages;
  readonly keepers: readonly Keeper[];
  /** The state that is made for a visit. */
  readonly next: Int32Array;
  /** Takes a step of a service into `next`. */
  readonly take: (state: Int32Array, to: number, message: number) => void;
}

type Visit = (next: Int32Array, move: () => string) => void;

/** What becomes of one message on its way to one reader: it is set aside; then it is healed, replayed or discarded. */
export function createLetterMoves(options: LetterMovesOptions) {
  const { layout, deadLettersAtMost, discardsAtMost, messages, keepers, next, take } = options;
  const wordOf = (index: number) => layout.dead + Math.floor(index / 31);
  const bitOf = (index: number) => 1 << (index % 31);

  /** Decides a dead letter where it is; it is dead no more. */
  function close(state: Int32Array, index: number, to: number, message: number): void {
    take(state, to, message);
    next[layout.delivered + Math.floor(index / 31)]! |= bitOf(index);
    next[wordOf(index)]! &= ~bitOf(index);
  }

  const isDead = (state: Int32Array, index: number) =>
    deadLettersAtMost > 0 && (state[wordOf(index)]! & bitOf(index)) !== 0;

  return {
    isDead,
    visitAll(state: Int32Array, { index, to, message, discard }: Delivery, visit: Visit): void {
      if (deadLettersAtMost === 0) return;
      const name = (what: string) => () => `${nameOf(messages.valueOf(message))} to ${keepers[to]!.service} is ${what}`;
      if (!isDead(state, index)) {
        if (state[layout.deaths]! >= deadLettersAtMost) return;
        next.set(state);
        next[wordOf(index)]! |= bitOf(index);
        next[layout.deaths]! += 1;
        return visit(next, name("set aside"));
      }
      // Another copy is on its way, to this reader and to all others; these had one coming anyway.
      next.set(state);
      next[wordOf(index)]! &= ~bitOf(index);
      visit(next, name("healed"));
      close(state, index, to, message);
      visit(next, name("replayed"));
      if (discard === undefined || state[layout.discards]! >= discardsAtMost) return;
      close(state, index, to, discard);
      next[layout.discards]! += 1;
      visit(next, name("discarded"));
    },
  };
}
