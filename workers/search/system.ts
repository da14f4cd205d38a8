import { createEnds } from "./ends.ts";
import { Violation } from "./laws.ts";
import type { LetterHandling } from "./letter-handling.ts";
import { type Move, type Visit, createLetterMoves } from "./letter-moves.ts";
import type { Machines } from "./machines.ts";
import type { Scenario } from "./scenarios.ts";
import {
  type Delivery,
  type Keeper,
  type Messages,
  type Publications,
  type SeenSteps,
  createKeepers,
  createMessages,
  createPublications,
  nameOf,
} from "./services.ts";
import { type Layout, type Stepping, createStepping } from "./stepping.ts";

export interface System {
  readonly width: number;
  readonly start: Int32Array;
  readonly seen: SeenSteps;
  /** Visits all that can come next; says whether this is an end: every message was read, every dead letter dealt with. */
  expand(state: Int32Array, visit: Visit): boolean;
  endOf(state: Int32Array): string;
  /** What services keep and have published in a state, in its own place: letters and what is owed are left out. */
  servicesIn(state: Int32Array): Int32Array;
  readonly servicesAtStart: Int32Array;
  /** Visits all that services can come to by one message, discard or command, whatever is owed or dead. */
  expandServices(state: Int32Array, visit: (next: Int32Array) => void): void;
  describe(move: Move): string;
}

const noLetters: readonly Delivery[] = [];

/**
 * A state is one tuple: an id for what each service keeps, one for what is published, which deliveries are owed, which are
 * dead letters now, and of which orders something was discarded.
 *
 * What changes nothing when it is read is taken to be read as soon as that is so. No run is lost by that, as a copy may
 * come later all the same, and no end: what was read too early is not owed any more.
 */
export function createSystem(scenario: Scenario, machines: Machines, handling: LetterHandling): System {
  const messages = createMessages();
  const seen: SeenSteps = { changes: new Set(), pairs: new Set() };
  const keepers = createKeepers(scenario, machines, messages, seen);
  const published = createPublications(scenario, messages, keepers);
  const { length } = keepers;
  const at = { published: length, owed: length + 1, dead: length + 2, discarded: length + 3, width: length + 4 };
  const stepping = createStepping(scenario, keepers, published, at);
  const { next, settle } = stepping;
  const describe = ({ what, to, message }: Move) => {
    const { service } = keepers[to]!;
    const value = messages.valueOf(message);
    const order = scenario.orders.findIndex(({ orderId }) => orderId === value.orderId) + 1;
    const name = `${nameOf(value)}${scenario.orders.length > 1 ? ` of order ${order}` : ""}`;
    return what === "gets" ? `${service} gets ${name}` : `${name} to ${service} is ${what}`;
  };
  const ends = createEnds(scenario, keepers, published, at);
  const visitLetters = createLetterMoves({ scenario, handling, keepers, layout: at, stepping });
  const visitReads = createReads({
    scenario,
    handling,
    at,
    stepping,
    describe,
    commands: commandsOf(keepers, messages),
  });

  const expand = (state: Int32Array, visit: Visit): boolean => {
    const deliveries = published.deliveriesOf(state[at.published]!);
    const dead = state[at.dead]!;
    const letters = dead === 0 ? noLetters : deliveries.filter(({ bit }) => (dead & bit) !== 0);
    const resting = visitReads(state, deliveries, letters, visit);
    if (scenario.deadLetters > 0) visitLetters(state, deliveries, letters, visit);
    if (resting && letters.length > 0) checkOthers(state, letters);
    return resting && letters.length === 0;
  };

  /** Nothing waits behind a dead letter: orders that have none are at their end, whatever becomes of it. */
  const checkOthers = (state: Int32Array, letters: readonly Delivery[]) => {
    for (const [order] of scenario.orders.entries()) {
      if (letters.every((letter) => letter.order !== order)) ends.check(state, order);
    }
  };

  const expandServices = createServiceSteps(published, stepping, at, commandsOf(keepers, messages));
  next.set([...keepers.map(({ startId }) => startId), published.startId]);
  const servicesAtStart = next.slice();
  const servicesIn = (state: Int32Array) => state.fill(0, at.owed);
  next[at.owed] = published.bitsOf(published.startId);
  settle();
  const start = next.slice();
  const services = { servicesIn, servicesAtStart, expandServices };
  return { width: at.width, start, seen, expand, endOf: ends.endOf, ...services, describe };
}

interface Command {
  readonly to: number;
  readonly message: number;
}

/** What may happen at any moment without a message: customers cancel, deadlines pass. */
function commandsOf(keepers: readonly Keeper[], messages: Messages): Command[] {
  return keepers.flatMap(({ service, orderIds: [orderId = ""] }, to) => {
    if (service === "intake") return [{ to, message: messages.idOf({ type: "cancel", orderId }) }];
    if (service === "order") return [{ to, message: messages.idOf({ type: "deadline.passed", orderId }) }];
    return [];
  });
}

interface ReadsOptions {
  readonly scenario: Scenario;
  readonly handling: LetterHandling;
  readonly at: Layout;
  readonly stepping: Stepping;
  readonly describe: (move: Move) => string;
  readonly commands: readonly Command[];
}

/** Visits what services come to by what they read, and by commands; says whether nothing is left that they have to read. */
function createReads({ scenario, handling, at, stepping, describe, commands }: ReadsOptions) {
  const { next, take, settle } = stepping;
  /** A good copy that comes after a discard may tell a view what was not known. */
  const mayBeNews = (state: Int32Array, { order }: Delivery) =>
    scenario.views && (state[at.discarded]! & (1 << order)) !== 0;

  return (state: Int32Array, deliveries: readonly Delivery[], letters: readonly Delivery[], visit: Visit): boolean => {
    let resting = true;
    for (const delivery of deliveries) {
      if (letters.length > 0 && !handling.reads(delivery, letters)) continue;
      const { bit, to, message } = delivery;
      const isOwed = (state[at.owed]! & bit) !== 0;
      if (isOwed) resting = false;
      next.set(state);
      if (!take(to, message)) continue;
      const move: Move = { what: "gets", to, message };
      if (!isOwed && (state[at.dead]! & bit) === 0 && !mayBeNews(state, delivery)) {
        throw new Violation(
          `what is neither on its way nor a dead letter changes nothing any more (${describe(move)})`,
        );
      }
      next[at.owed]! &= ~bit;
      settle();
      visit(next, move);
    }
    for (const { to, message } of commands) {
      next.set(state);
      if (!take(to, message)) continue;
      settle();
      visit(next, { what: "gets", to, message });
    }
    return resting;
  };
}

function createServiceSteps(
  published: Publications,
  { next, take }: Stepping,
  at: Layout,
  commands: readonly Command[],
): System["expandServices"] {
  return (state, visit) => {
    const step = (to: number, message: number) => {
      next.set(state);
      if (take(to, message)) visit(next.fill(0, at.owed));
    };
    for (const { to, message, discard } of published.deliveriesOf(state[at.published]!)) {
      step(to, message);
      if (discard !== undefined) step(to, discard);
    }
    for (const { to, message } of commands) step(to, message);
  };
}
