import type { Order } from "../order/decide.ts";
import type { Payment } from "../payment/decide.ts";
import type { StockOrder } from "../stock/decide.ts";
import type { View } from "../intake/decide.ts";
import { type TupleTable, createTupleTable } from "./interning.ts";
import { createLetterMoves } from "./letter-moves.ts";
import { Violation, checkEnd } from "./laws.ts";
import type { Machines } from "./machines.ts";
import type { Scenario } from "./scenarios.ts";
import {
  type Keeper,
  type Messages,
  type Publications,
  type SeenSteps,
  createKeepers,
  createMessages,
  createPublications,
  nameOf,
} from "./services.ts";

export interface Findings {
  /** Distinct states of the whole system. */
  readonly states: number;
  /** Every end that some run comes to, as the outcomes of the orders. */
  readonly ends: readonly string[];
  readonly steps: SeenSteps;
}

/**
 * Goes through every state that the services can get into, breadth first, when each message is delivered at least once to
 * each reader, at any time after it was published, in any order and again for ever, while customers cancel and deadlines
 * pass at any moment.
 *
 * Shows that every run ends: no state comes back once it was left, so a run takes finitely many steps that change
 * something; and where every message was delivered, all services agree (`laws.ts`), without help of a cancel, a deadline
 * or a second copy. Throws a `Violation` with the shortest run that leads to it.
 */
export function search(scenario: Scenario, machines: Machines): Findings {
  const system = createSystem(scenario, machines);
  const table = createTupleTable(system.width);
  const arrivals: number[] = [];
  const cameFrom: { from: number; move: string }[] = [];
  const ends = new Set<string>();
  const state = new Int32Array(system.width);
  const visit = (next: Int32Array, from: number, move: () => string) => {
    const before = table.size;
    const index = table.add(next);
    if (index === before) cameFrom.push({ from, move: move() });
    arrivals[index] = (arrivals[index] ?? 0) + 1;
  };
  let current = 0;
  try {
    visit(system.start, -1, () => "start");
    arrivals[0] = 0;
    for (; current < table.size; current++) {
      table.read(current, state);
      const settled = system.expand(state, (next, move) => visit(next, current, move));
      if (settled) ends.add(system.endOf(state));
    }
    if (!endsAlways(system, table, arrivals)) throw new Violation("every run ends: no state comes back");
  } catch (error) {
    if (error instanceof Violation) error.message += `\n  ${scenario.name}${pathTo(current, cameFrom)}`;
    throw error;
  }
  const found = [...ends].sort();
  if (found.join() !== [...scenario.ends].sort().join()) {
    throw new Violation(`runs end as they can, and only so\n  ${scenario.name}: ${found.join(", ") || "no end"}`);
  }
  return { states: table.size, ends: found, steps: system.seen };
}

/** Takes away states that none leads to, again and again (Kahn): all go exactly when the graph has no cycle. */
function endsAlways(system: System, table: TupleTable, arrivals: number[]): boolean {
  const open = [0];
  const state = new Int32Array(system.width);
  let gone = 0;
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    gone++;
    table.read(index, state);
    system.expand(state, (next) => {
      const target = table.add(next);
      if (--arrivals[target]! === 0) open.push(target);
    });
  }
  return gone === table.size;
}

function pathTo(index: number, cameFrom: readonly { from: number; move: string }[]): string {
  const moves: string[] = [];
  for (let at = index; at > 0; at = cameFrom[at]?.from ?? -1) moves.unshift(cameFrom[at]?.move ?? "");
  return `: after ${moves.join("; ") || "nothing"}`;
}

type System = ReturnType<typeof createSystem>;

/**
 * A state is one tuple: an id for what each service keeps, one for what is published, which deliveries were made at least
 * once (as bits), how many messages were discarded, and, where dead letters are moves of their own, which deliveries are dead
 * letters now (as bits), and how many have been.
 */
function createSystem(scenario: Scenario, machines: Machines) {
  const messages = createMessages();
  const seen: SeenSteps = { changes: new Set(), pairs: new Set() };
  const keepers = createKeepers(scenario, machines, messages, seen);
  const published = createPublications(scenario, messages, keepers);
  const { deadLetters = 0 } = scenario;
  const layout = {
    published: keepers.length,
    delivered: keepers.length + 1,
    discards: keepers.length + 1 + deliveryWords,
    dead: keepers.length + 2 + deliveryWords,
    deaths: keepers.length + 2 + 2 * deliveryWords,
    width: keepers.length + 2 + deliveryWords + (deadLetters > 0 ? deliveryWords + 1 : 0),
  };
  const next = new Int32Array(layout.width);
  const commands = commandsOf(keepers, messages);

  /** Takes one step into `next`; false when it changes nothing. */
  const take = (state: Int32Array, to: number, message: number) => {
    const step = keepers[to]!.step(state[to]!, message);
    next.set(state);
    next[to] = step.nextId;
    if (step.outbox.length > 0) next[layout.published] = published.add(state[layout.published]!, step.outbox);
    return step.changes;
  };
  const move = (to: number, message: number) => () =>
    `${keepers[to]!.service} gets ${nameOf(messages.valueOf(message))}`;

  const letters = createLetterMoves({
    layout,
    deadLettersAtMost: deadLetters,
    discardsAtMost: scenario.discards,
    messages,
    keepers,
    next,
    take,
  });

  /** Visits all that can come next; says whether every message was delivered to all its readers. */
  const expand = (state: Int32Array, visit: (next: Int32Array, move: () => string) => void): boolean => {
    let settled = true;
    let restless: (() => string) | undefined;
    const discards = state[layout.discards]!;
    for (const delivery of published.deliveriesOf(state[layout.published]!)) {
      const { index, to, message, discard } = delivery;
      const word = layout.delivered + Math.floor(index / 31);
      const bit = 1 << (index % 31);
      const isFirst = (state[word]! & bit) === 0;
      if (isFirst || letters.isDead(state, index)) settled = false;
      const changes = take(state, to, message);
      next[word]! |= bit;
      if (changes && !isFirst) restless = move(to, message);
      if (changes || isFirst) visit(next, move(to, message));
      letters.visitAll(state, delivery, visit);
      if (deadLetters > 0 || discard === undefined || discards >= scenario.discards) continue;
      const discardChanges = take(state, to, discard);
      next[word]! |= bit;
      next[layout.discards] = discards + 1;
      if (discardChanges || isFirst) visit(next, move(to, discard));
    }
    for (const { to, message } of commands) if (take(state, to, message)) visit(next, move(to, message));
    // A good copy that comes after a discard may fill in what was not known.
    if (settled && restless !== undefined && discards === 0) {
      throw new Violation(`where all is delivered, no copy changes anything (${restless()})`);
    }
    return settled;
  };

  const start = new Int32Array(layout.width);
  start.set([...keepers.map(({ startId }) => startId), published.startId]);
  const endOf = (state: Int32Array) => describeEnd(scenario, keepers, published, state, state[layout.discards]! > 0);
  return { width: layout.width, start, seen, expand, endOf };
}

/** Room for 62 deliveries, at 31 bits a word: two orders have about 40. */
const deliveryWords = 2;

/** What may happen at any moment without a message: customers cancel, deadlines pass. */
function commandsOf(keepers: readonly Keeper[], messages: Messages) {
  return keepers.flatMap(({ service, orderIds: [orderId = ""] }, to) => {
    if (service === "intake") return [{ to, message: messages.idOf({ type: "cancel", orderId }) }];
    if (service === "order") return [{ to, message: messages.idOf({ type: "deadline.passed", orderId }) }];
    return [];
  });
}

function describeEnd(
  scenario: Scenario,
  keepers: readonly Keeper[],
  publications: Publications,
  state: Int32Array,
  discarded: boolean,
): string {
  const published = publications.eventsOf(state[keepers.length]!);
  const rowOf = (service: string, orderId: string) => {
    const at = keepers.findIndex((keeper) => keeper.service === service && keeper.orderIds.includes(orderId));
    return keepers[at]?.stateOf(state[at]!).rows[orderId] ?? null;
  };
  if (scenario.withheld !== undefined) {
    const kept = (orderId: string) =>
      ["stock", "order", "payment"].map((service) => rowOf(service, orderId)?.status ?? "none");
    return scenario.orders.map(({ orderId }) => kept(orderId).join(" ")).join(" | ");
  }
  const judged = scenario.neverRead === undefined ? scenario.orders : scenario.orders.slice(1);
  const ends = judged.map(({ orderId }) =>
    checkEnd({
      stock: rowOf("stock", orderId) as StockOrder | null,
      order: rowOf("order", orderId) as Order | null,
      payment: rowOf("payment", orderId) as Payment | null,
      view: scenario.views ? (rowOf("intake", orderId) as View) : undefined,
      published: published.filter((event) => event.orderId === orderId),
      discarded,
    }),
  );
  return ends.join(" | ");
}
