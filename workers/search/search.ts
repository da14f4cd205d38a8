import { type TupleTable, createTupleTable } from "./interning.ts";
import { Violation } from "./laws.ts";
import { type LetterHandling, shippedHandling } from "./letter-handling.ts";
import type { Machines } from "./machines.ts";
import type { Scenario } from "./scenarios.ts";
import type { SeenSteps } from "./services.ts";
import { type System, createSystem } from "./system.ts";

export interface Findings {
  /** Distinct states of the whole system. */
  readonly states: number;
  /** Every end that some run comes to, as the outcomes of the orders. */
  readonly ends: readonly string[];
  readonly steps: SeenSteps;
}

/**
 * Goes through every state that the services can get into, breadth first, when each message is delivered at least once to
 * each reader, at any time after it was published, in any order and again for ever, while customers cancel, deadlines
 * pass, messages are set aside as dead letters and operators deal with them at any moment.
 *
 * Shows that every run ends in which finitely many messages die: what services keep and have published never comes back
 * once it was left; and where every message was delivered and every letter dealt with, all services agree (`laws.ts`),
 * without help of a cancel, a deadline or a second copy. Throws a `Violation` with the shortest run that leads to it.
 */
export function search(scenario: Scenario, machines: Machines, handling: LetterHandling = shippedHandling): Findings {
  const system = createSystem(scenario, machines, handling);
  const table = createTupleTable(system.width);
  /** The state that each was first reached from. */
  const parents: number[] = [-1];
  const ends = new Set<string>();
  const state = new Int32Array(system.width);
  let current = 0;
  try {
    table.add(system.start);
    for (; current < table.size; current++) {
      table.read(current, state);
      const settled = system.expand(state, (next) => {
        const before = table.size;
        if (table.add(next) === before) parents.push(current);
      });
      if (settled) ends.add(system.endOf(state));
    }
  } catch (error) {
    if (error instanceof Violation) error.message += `\n  ${scenario.name}${pathTo(current, system, table, parents)}`;
    throw error;
  }
  checkServices(scenario, system, table);
  const found = [...ends].sort();
  if (found.join() !== [...scenario.ends].sort().join()) {
    throw new Violation(`runs end as they can, and only so\n  ${scenario.name}: ${found.join(", ") || "no end"}`);
  }
  return { states: table.size, ends: found, steps: system.seen };
}

/**
 * What services keep and have published, by itself: it never comes back once it was left, and dead letters bring it where any
 * message and any discard at any moment does, to all of that and nowhere else.
 */
function checkServices({ name }: Scenario, system: System, states: TupleTable): void {
  const { width, servicesAtStart, expandServices, servicesIn } = system;
  const table = createTupleTable(width);
  const state = new Int32Array(width);
  const arrivals: number[] = [];
  table.add(servicesAtStart);
  for (let index = 0; index < table.size; index++) {
    table.read(index, state);
    expandServices(state, (next) => {
      const target = table.add(next);
      arrivals[target] = (arrivals[target] ?? 0) + 1;
    });
  }
  const { size } = table;
  const reached = new Set<number>();
  for (let index = 0; index < states.size; index++) {
    states.read(index, state);
    reached.add(table.add(servicesIn(state)));
  }
  if (reached.size !== size || table.size !== size) {
    const counts = `${name}: ${reached.size}, not ${size}`;
    throw new Violation(`dead letters bring services where any message and discard does\n  ${counts}`);
  }
  if (!endsAlways(system, table, arrivals)) throw new Violation(`every run ends: no state comes back\n  ${name}`);
}

/**
 * Takes away states of the services that none leads to, again and again (Kahn): all go exactly when the graph has no cycle.
 * Dead letters need not be looked at: their moves but the death close one and add none, so a run that comes back has
 * deliveries and commands only, unless messages die in it for ever.
 */
function endsAlways({ width, expandServices }: System, table: TupleTable, arrivals: number[]): boolean {
  const state = new Int32Array(width);
  const open = arrivals[0] === undefined ? [0] : [];
  let gone = 0;
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    gone++;
    table.read(index, state);
    expandServices(state, (next) => {
      const target = table.add(next);
      if (--arrivals[target]! === 0) open.push(target);
    });
  }
  return gone === table.size;
}

/** The moves of the shortest run, found by taking each step once more. */
function pathTo(index: number, system: System, table: TupleTable, parents: readonly number[]): string {
  const moves: string[] = [];
  const state = new Int32Array(system.width);
  for (let to = index; to > 0; to = parents[to]!) {
    let taken: string | undefined;
    table.read(parents[to]!, state);
    system.expand(state, (next, move) => {
      if (taken === undefined && table.add(next) === to) taken = system.describe(move);
    });
    moves.unshift(taken ?? "");
  }
  return `: after ${moves.join("; ") || "nothing"}`;
}
