import type { Scenario } from "./scenarios.ts";
import type { Keeper, Publications } from "./services.ts";

/** Where in a state's tuple what is; before `published` is an id for what each service keeps. */
export interface Layout {
  readonly published: number;
  /** Deliveries that are on their way and not read yet, as bits. */
  readonly owed: number;
  /** Deliveries that are dead letters now, as bits. */
  readonly dead: number;
  /** Orders of which something was discarded, as bits. */
  readonly discarded: number;
  readonly width: number;
}

/** What a move is made of. */
export interface Stepping {
  /** The state that a move makes: each is made in this place. */
  readonly next: Int32Array;
  /** Takes one step of a service; false when it changes nothing. */
  take(to: number, message: number): boolean;
  /** Reads what changes nothing, and where no dead copies are wanted also closes letters that are none but copies now. */
  settle(): void;
}

export function createStepping(
  scenario: Scenario,
  keepers: readonly Keeper[],
  publications: Publications,
  at: Layout,
): Stepping {
  const next = new Int32Array(at.width);
  return {
    next,
    take(to, message) {
      const step = keepers[to]!.step(next[to]!, message);
      next[to] = step.nextId;
      if (step.outbox.length > 0) {
        const before = next[at.published]!;
        const after = publications.add(before, step.outbox);
        next[at.published] = after;
        next[at.owed]! |= publications.bitsOf(after) & ~publications.bitsOf(before);
      }
      return step.changes;
    },
    settle() {
      let owed = next[at.owed]!;
      let dead = scenario.deadCopies ? 0 : next[at.dead]!;
      if ((owed | dead) === 0) return;
      for (const { bit, to, message } of publications.deliveriesOf(next[at.published]!)) {
        if (((owed | dead) & bit) === 0 || keepers[to]!.changes(next[to]!, message)) continue;
        owed &= ~bit;
        dead &= ~bit;
      }
      next[at.owed] = owed;
      if (!scenario.deadCopies) next[at.dead] = dead;
    },
  };
}
