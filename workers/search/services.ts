import type { Discarded } from "#bus/batch-handler.ts";
import { type EventType, type OrderEvent, messageId, neverDiscarded } from "#contracts/events.ts";
import { type Service, groups, services, topics } from "#contracts/topics.ts";
import { accept } from "../intake/decide.ts";
import { createInterner } from "./interning.ts";
import { type Endowment, Violation, checkEvent, checkNothing, checkState, checkStep } from "./laws.ts";
import {
  type Machine,
  type MachineState,
  type Machines,
  type SagaMessage,
  type Step,
  laterMs,
  nowMs,
} from "./machines.ts";
import type { Scenario } from "./scenarios.ts";

/**
 * One service's share of the system's state, stepped once for each state and message: the decide functions are pure, so
 * a step is looked up when it comes again.
 */
export interface Keeper {
  readonly service: Service;
  /** The orders that it keeps. Stock and payment keep all, as they share goods and money; others one each. */
  readonly orderIds: readonly string[];
  readonly startId: number;
  step(stateId: number, messageId: number): MemorizedStep;
  /** Whether the step changes anything. One that breaks a law does: `step` says which. */
  changes(stateId: number, messageId: number): boolean;
  stateOf(stateId: number): MachineState;
}

export interface MemorizedStep {
  readonly nextId: number;
  /** Ids of the events that are published. */
  readonly outbox: readonly number[];
  readonly changes: boolean;
}

export type Messages = ReturnType<typeof createMessages>;

/** All messages and events of a search; each event is checked against its contract once. */
export function createMessages() {
  return createInterner<SagaMessage>((message) => {
    if ("data" in message && message.data !== null) checkEvent(message);
  });
}

/** What a search saw the services do. */
export interface SeenSteps {
  /** Every step that changed something, in the form of `describeStep`. */
  readonly changes: Set<string>;
  /** Every message in every status, `service: message, status`, also where it changed nothing. */
  readonly pairs: Set<string>;
}

export function createKeepers(scenario: Scenario, machines: Machines, messages: Messages, seen: SeenSteps) {
  const everyOrder = scenario.orders.map(({ orderId }) => orderId);
  const keeper = (service: Service, orderIds: readonly string[]) =>
    createKeeper(service, orderIds, machines[service], startOf(service, scenario, orderIds), { messages, seen });
  return [
    keeper("stock", everyOrder),
    keeper("payment", everyOrder),
    ...everyOrder.flatMap((orderId) => [keeper("order", [orderId]), keeper("intake", [orderId])]),
  ];
}

function startOf(service: Service, scenario: Scenario, orderIds: readonly string[]): MachineState {
  const orders = scenario.orders.filter(({ orderId }) => orderIds.includes(orderId));
  const context = { nowMs, cancelWindowMs: 0 };
  const views = orders.map((order) => [order.orderId, accept(order, context).view ?? null] as const);
  const rows = service === "intake" ? Object.fromEntries(views) : Object.fromEntries(orderIds.map((id) => [id, null]));
  return {
    rows,
    products: service === "stock" ? scenario.products : {},
    accounts: service === "payment" ? scenario.accounts : {},
    ledger: [],
  };
}

function createKeeper(
  service: Service,
  orderIds: readonly string[],
  machine: Machine,
  start: MachineState,
  { messages, seen }: { messages: Messages; seen: SeenSteps },
): Keeper {
  const endowment: Endowment = start;
  const states = createInterner<MachineState>((state) => checkState(state, endowment));
  const memory: (MemorizedStep | undefined)[][] = [];
  const take = (stateId: number, messageId: number): MemorizedStep => {
    const before = states.valueOf(stateId);
    const message = messages.valueOf(messageId);
    const step = run(service, machine, before, message, nowMs);
    const nextId = lawful(service, message, () => {
      checkStep(service, before, message, step);
      return states.idOf(step.state);
    });
    const changes = nextId !== stateId || step.outbox.length > 0;
    const isClock = message.type === "deadline.passed";
    if (!changes && !isClock) {
      checkNothing(before, run(service, machine, before, message, laterMs));
      const discard = discardOf(message);
      if (discard !== undefined) checkNothing(before, run(service, machine, before, discard, nowMs));
    }
    if (changes) seen.changes.add(describeStep(service, before, message, step));
    seen.pairs.add(`${service}: ${nameOf(message)}, ${before.rows[message.orderId]?.status ?? "none"}`);
    return { nextId, outbox: step.outbox.map((event) => messages.idOf(event)), changes };
  };
  const step = (stateId: number, messageId: number) => {
    const steps = (memory[stateId] ??= []);
    return (steps[messageId] ??= take(stateId, messageId));
  };
  return {
    service,
    orderIds,
    startId: states.idOf(start),
    step,
    changes(stateId, messageId) {
      const known = memory[stateId]?.[messageId];
      if (known !== undefined) return known.changes;
      try {
        return step(stateId, messageId).changes;
      } catch (error) {
        if (error instanceof Violation) return true;
        throw error;
      }
    },
    stateOf: states.valueOf,
  };
}

/** The discard of an event, where that is possible. */
function discardOf(message: SagaMessage): Discarded<EventType> | undefined {
  if (!("data" in message) || message.data === null || neverDiscarded.some((never) => never === message.type)) return;
  const { type, orderId, atMs } = message;
  return { type, orderId, atMs, data: null };
}

/** Adds the last move of the run to a violation that it is. */
function lawful<T>(service: Service, message: SagaMessage, judge: () => T): T {
  try {
    return judge();
  } catch (cause) {
    if (cause instanceof Violation) throw new Violation(`${cause.message}, when ${service} gets ${nameOf(message)}`);
    throw cause;
  }
}

function run(service: Service, machine: Machine, state: MachineState, message: SagaMessage, atMs: number): Step {
  try {
    return machine(state, message, atMs);
  } catch (cause) {
    throw new Violation(`${service} decides ${nameOf(message)}`, { cause });
  }
}

/** `service: message, from -> to: outbox`, with the words of the tables in the design. */
export function describeStep(service: Service, before: MachineState, message: SagaMessage, step: Step): string {
  const from = before.rows[message.orderId]?.status ?? "none";
  const to = step.state.rows[message.orderId]?.status ?? "none";
  const outbox = step.outbox.map((event) => nameOf(event)).sort();
  return `${service}: ${nameOf(message)}, ${from} -> ${to}: ${outbox.join(", ") || "-"}`;
}

/** The type of a message, with the cause of a void. */
export function nameOf(message: SagaMessage): string {
  if (message.type === "payment.void" && message.data !== null) return `payment.void/${message.data.cause}`;
  return "data" in message && message.data === null ? `discard of ${message.type}` : message.type;
}

/** Which events are published, as one number; and to whom each of them may be delivered, at any time and for ever. */
export interface Publications {
  readonly startId: number;
  add(publishedId: number, events: readonly number[]): number;
  deliveriesOf(publishedId: number): readonly Delivery[];
  /** The bits of these deliveries. */
  bitsOf(publishedId: number): number;
  eventsOf(publishedId: number): readonly OrderEvent[];
}

export interface Delivery {
  /** Its own among all deliveries of the search. */
  readonly bit: number;
  /** Index of its order in the scenario. */
  readonly order: number;
  readonly topic: EventType;
  /** Index of the keeper. */
  readonly to: number;
  readonly message: number;
  /** The discard of this message, where that is possible. */
  readonly discard: number | undefined;
}

/** A state of the search has a bit for each. One order with its view has 16 of them, two without views 22. */
const deliveriesAtMost = 31;

export function createPublications(scenario: Scenario, messages: Messages, keepers: readonly Keeper[]): Publications {
  const sets = createInterner<readonly number[]>();
  const sums = new Map<string, number>();
  const deliveries: (readonly Delivery[] | undefined)[] = [];
  const bits: (number | undefined)[] = [];
  const indexes = createInterner<string>();
  const eventsOf = (publishedId: number) => sets.valueOf(publishedId).map((id) => messages.valueOf(id) as OrderEvent);

  const deliveriesTo = (event: OrderEvent, message: number): Delivery[] =>
    keepers.flatMap((keeper, to) => {
      const reads = topics[event.type].readers.includes(groupOf[keeper.service]);
      if (!reads || !keeper.orderIds.includes(event.orderId)) return [];
      if (keeper.service !== "intake" && scenario.withheld?.includes(event.type) === true) return [];
      if (keeper.service === "intake" && !scenario.views) return [];
      if (isNeverRead(scenario, event, keeper.service)) return [];
      const bare = scenario.deadLetters > 0 ? discardOf(event) : undefined;
      const discard = bare && messages.idOf(bare);
      const index = indexes.idOf(`${to}: ${messageId(event)}`);
      if (index >= deliveriesAtMost)
        throw new RangeError(`more than ${deliveriesAtMost} deliveries in ${scenario.name}`);
      const order = scenario.orders.findIndex(({ orderId }) => orderId === event.orderId);
      return [{ bit: 1 << index, order, topic: event.type, to, message, discard }];
    });
  const union = (publishedId: number, events: readonly number[]) => {
    const known = new Set(eventsOf(publishedId).map(messageId));
    for (const event of events.map((id) => messages.valueOf(id) as OrderEvent)) {
      const id = messageId(event);
      if (known.has(id)) throw new Violation(`no id is published for two facts (${id})`);
      known.add(id);
    }
    return sets.idOf([...sets.valueOf(publishedId), ...events].sort((a, b) => a - b));
  };
  const deliveriesOf = (publishedId: number) =>
    (deliveries[publishedId] ??= sets
      .valueOf(publishedId)
      .flatMap((id) => deliveriesTo(messages.valueOf(id) as OrderEvent, id)));
  const starts = scenario.orders.flatMap((order) => accept(order, { nowMs, cancelWindowMs: 0 }).outbox);
  return {
    startId: sets.idOf(starts.map((event) => messages.idOf(event)).sort((a, b) => a - b)),
    add(publishedId, events) {
      const key = `${publishedId}+${events.join()}`;
      const known = sums.get(key) ?? union(publishedId, events);
      sums.set(key, known);
      return known;
    },
    deliveriesOf,
    bitsOf: (publishedId) => (bits[publishedId] ??= deliveriesOf(publishedId).reduce((sum, { bit }) => sum | bit, 0)),
    eventsOf,
  };
}

function isNeverRead({ neverRead, orders }: Scenario, event: OrderEvent, reader: Service): boolean {
  return neverRead?.reader === reader && neverRead.message === nameOf(event) && event.orderId === orders[0]?.orderId;
}

const groupOf = Object.fromEntries(
  services.map((service) => [service, groups[service === "intake" ? "view" : service]]),
) as Record<Service, string>;
