import type { Service } from "#contracts/topics.ts";
import { moments } from "../laws.ts";
import type { MachineState, Row, SagaMessage } from "../machines.ts";
import { type Rule, linesOf, rules, statuses } from "../rules.ts";
import { describeStep, nameOf } from "../services.ts";
import { type Fault, type Twist, fault, nothing, statusOf, withRow } from "./plant.ts";

/** Each row of the tables taken out, for each status that it starts from. */
export function rulesTakenOut(from: readonly Rule[]): Fault[] {
  return eachLine(from).map(({ service, line }) =>
    fault(
      `taken out: ${line}`,
      service,
      onLine(service, line, (_step, before) => nothing(before)),
    ),
  );
}

/** Each event of each row not published. */
export function eventsLost(from: readonly Rule[]): Fault[] {
  return eachLine(from).flatMap(({ service, line, outbox }) =>
    outbox.map((lost) =>
      fault(
        `${lost} not published: ${line}`,
        service,
        onLine(service, line, (step) => ({ ...step, outbox: step.outbox.filter((event) => nameOf(event) !== lost) })),
      ),
    ),
  );
}

/** Each row that publishes, but forgets what it did. */
export function rowsNotKept(from: readonly Rule[]): Fault[] {
  return eachLine(from)
    .filter(({ outbox }) => outbox.length > 0)
    .map(({ service, line }) =>
      fault(
        `row not kept: ${line}`,
        service,
        onLine(service, line, (step, before, { orderId }) => ({
          ...step,
          state: { ...step.state, rows: { ...step.state.rows, [orderId]: before.rows[orderId] ?? null } },
        })),
      ),
    );
}

/** A guard taken away: the message does in a status that no row lists what a row lists for another status. */
export interface LostGuard extends Fault {
  /** The message and the status in which the guard is missed. */
  readonly pair: string;
}

export function guardsLost(): LostGuard[] {
  const messages = new Map<string, { service: Service; message: string; listed: Set<string> }>();
  for (const { service, message, from } of rules.filter((each) => each.service !== "intake")) {
    const known = messages.get(`${service}: ${message}`) ?? { service, message, listed: new Set<string>() };
    for (const status of from) known.listed.add(status);
    messages.set(`${service}: ${message}`, known);
  }
  return [...messages.values()].flatMap(({ service, message, listed }) =>
    statuses[service]
      .filter((status) => !listed.has(status) && status !== "none")
      .flatMap((status) => [...listed].map((as) => guardLost(service, message, status, as))),
  );
}

function guardLost(service: Service, message: string, status: string, as: string): LostGuard {
  const twist: Twist = (step, before, got, shippedIn) =>
    nameOf(got) === message && statusOf(before, got) === status ? shippedIn(disguised(before, got, as)) : step;
  const pair = `${service}: ${message}, ${status}`;
  return { ...fault(`guard lost: ${pair} taken for ${as}`, service, twist), pair };
}

function disguised(before: MachineState, { orderId }: SagaMessage, status: string): MachineState {
  const row = before.rows[orderId];
  const other = status === "none" || row == null ? null : ({ ...row, status } as Row);
  return { ...before, rows: { ...before.rows, [orderId]: other } };
}

/** Each moment and reason that a status asks for, not kept. */
export function momentsForgotten(): Fault[] {
  return (["stock", "order", "payment", "intake"] as const).flatMap((service) =>
    statuses[service]
      .filter((status) => status !== "none" && status !== "received")
      .flatMap((status) => (moments[status] ?? []).map((column) => ({ status, column })))
      .map(({ status, column }) =>
        fault(`${service} forgets ${column} when ${status}`, service, (step, _before, message) =>
          statusOf(step.state, message) === status ? withRow(step, message, { [column]: null }) : step,
        ),
      ),
  );
}

function eachLine(from: readonly Rule[]) {
  return from.flatMap((rule) => linesOf(rule).map((line) => ({ line, service: rule.service, outbox: rule.outbox })));
}

function onLine(service: Service, line: string, twist: Twist): Twist {
  return (step, before, message, shippedIn) =>
    describeStep(service, before, message, step) === line ? twist(step, before, message, shippedIn) : step;
}
