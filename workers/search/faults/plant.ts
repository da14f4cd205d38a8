import type { OrderEvent } from "#contracts/events.ts";
import type { Service } from "#contracts/topics.ts";
import {
  type Machine,
  type MachineState,
  type Machines,
  type Row,
  type SagaMessage,
  type Step,
  shippedMachines,
} from "../machines.ts";
import type { Scenario } from "../scenarios.ts";
import { nameOf } from "../services.ts";

/** A way to get the tables wrong, planted into the shipped services to see whether the search notices. */
export interface Fault {
  readonly name: string;
  readonly plant: (context: Scenario["context"]) => Machines;
}

/** Changes what one service does with some messages; `step` is what it does as shipped. */
export type Twist = (
  step: Step,
  before: MachineState,
  message: SagaMessage,
  /** What the service as shipped would do in another state, or with another message. */
  shippedIn: (state: MachineState, message?: SagaMessage) => Step,
) => Step;

export function fault(name: string, service: Service, twist: Twist): Fault {
  return {
    name,
    plant: (context) => {
      const machines = shippedMachines(context);
      const shipped = machines[service];
      const twisted: Machine = (state, message, nowMs) =>
        twist(shipped(state, message, nowMs), state, message, (other, instead = message) =>
          shipped(other, instead, nowMs),
        );
      return { ...machines, [service]: twisted };
    },
  };
}

/** A twist for one message, in one status where that is given. */
export function on(message: string, status: string | undefined, twist: Twist): Twist {
  return (step, before, got, shippedIn) => {
    const isMeant = nameOf(got) === message && (status === undefined || statusOf(before, got) === status);
    return isMeant ? twist(step, before, got, shippedIn) : step;
  };
}

export function statusOf(state: MachineState, message: SagaMessage): string {
  return state.rows[message.orderId]?.status ?? "none";
}

export function nothing(before: MachineState): Step {
  return { state: before, outbox: [], outcome: "ignored" };
}

/** The row of a message's order with some columns changed. */
export function withRow(step: Step, { orderId }: SagaMessage, columns: Readonly<Record<string, unknown>>): Step {
  const row = { ...step.state.rows[orderId], ...columns } as Row;
  return { ...step, state: { ...step.state, rows: { ...step.state.rows, [orderId]: row } } };
}

/** The events of a step with the data of one type changed. */
export function withData(step: Step, type: OrderEvent["type"], data: Readonly<Record<string, unknown>>): Step {
  const change = (event: OrderEvent) =>
    event.type === type ? ({ ...event, data: { ...event.data, ...data } } as OrderEvent) : event;
  return { ...step, outbox: step.outbox.map(change) };
}

/** What the service would do if its row had other columns, with the row that it then keeps. */
export function withColumns(state: MachineState, { orderId }: SagaMessage, columns: Readonly<Record<string, unknown>>) {
  return { ...state, rows: { ...state.rows, [orderId]: { ...state.rows[orderId], ...columns } as Row } };
}

/** A step that keeps something else. */
export const inState = (step: Step, change: (state: MachineState) => MachineState): Step => ({
  ...step,
  state: change(step.state),
});
