import { setTimeout as delay } from "node:timers/promises";
import { openConnections } from "./connections.ts";
import { openOrdersOf } from "./open-orders.ts";
import type { LoadedOrder, Phase, PhaseReport } from "./phase.ts";
import { createRequests } from "./requests.ts";
import { createSchedule } from "./schedule.ts";

const turnMs = 1;
/**
 * How often intake's store is looked at, at most: latencies are that much too long, and by a turn. In an open loop whenever it was
 * written; in a closed one seldom, for no latency of it is reported.
 */
const lookEveryMs = { open: 0, closed: 15 } as const;

/** An order on its way: what is known of it is filled in as it comes. */
type Order = { -readonly [K in keyof LoadedOrder]: LoadedOrder[K] };

/** Posts orders as the phase says, and waits until intake shows the end of each. */
export async function runPhase(phase: Phase, onBegun: (atMs: number) => void): Promise<PhaseReport> {
  const requests = createRequests(phase.port, phase.bodies, phase.keyPrefix);
  const openOrders = openOrdersOf(phase.storePath);
  const sent: Order[] = [];
  const awaited = new Map<string, Order>();
  let answered = 0;
  let refused = 0;
  let firstRefusal: string | null = null;
  let broken: Error | undefined;

  const connections = await openConnections(
    phase.port,
    phase.connections,
    (request, status, answer) => {
      answered += 1;
      const order = sent[request];
      if (order === undefined) throw new Error("an answer to nothing");
      order.answeredAtMs = nowMs();
      if (status !== 202) {
        refused += 1;
        firstRefusal ??= answer;
        return;
      }
      const from = answer.indexOf("/orders/") + "/orders/".length;
      order.orderId = answer.slice(from, from + 36);
      awaited.set(order.orderId, order);
      source.onAnswer();
    },
    (error) => (broken ??= error),
  );

  function send(intendedAtMs: number): boolean {
    const number = sent.length;
    const body = (phase.firstBody + number) % phase.bodies.length;
    if (!connections.send(requests.take(body, number), number)) return false;
    sent.push({ orderId: "", body, intendedAtMs, answeredAtMs: 0, endedAtMs: null });
    return true;
  }

  /** What was answered before this look, and is not open in it, has ended. */
  function look(): void {
    if (awaited.size === 0) return;
    const open = openOrders.ids();
    const atMs = nowMs();
    for (const [id, order] of awaited) {
      if (open.has(id)) continue;
      order.endedAtMs = atMs;
      awaited.delete(id);
    }
  }

  const inFlight = () => sent.length - answered + awaited.size;
  const source = createSource(phase, send, inFlight);
  const everyMs = lookEveryMs[phase.load.kind];
  let lookAtMs = 0;
  // An order may have ended before its answer was read; then nothing of its own is written any more.
  let answeredAtLook = 0;
  onBegun(source.begin());
  for (let untilMs = Infinity; inFlight() > 0 || !source.isOver();) {
    if (broken) throw broken;
    if (nowMs() >= lookAtMs && (openOrders.changed() || answered > answeredAtLook)) {
      answeredAtLook = answered;
      look();
      lookAtMs = nowMs() + everyMs;
    }
    source.onTurn();
    if (source.isOver() && untilMs === Infinity) untilMs = nowMs() + phase.settleWithinMs;
    if (nowMs() > untilMs) break;
    await delay(turnMs);
  }
  connections.close();
  openOrders.close();
  const orders = sent.filter(({ orderId }) => orderId !== "");
  return { orders, refused, firstRefusal, unanswered: sent.length - answered };
}

/** Decides when the next order is sent. */
interface Source {
  begin(): number;
  onTurn(): void;
  onAnswer(): void;
  /** All that was to be sent is. */
  isOver(): boolean;
}

function createSource({ load }: Phase, send: (intendedAtMs: number) => boolean, inFlight: () => number): Source {
  let beganAtMs = 0;
  const begin = () => (beganAtMs = nowMs());
  if (load.kind === "closed") {
    const isOver = () => nowMs() - beganAtMs >= load.durationMs;
    const fill = () => {
      while (!isOver() && inFlight() < load.inFlightAtMost && send(nowMs()));
    };
    return { begin, onTurn: fill, onAnswer: fill, isOver };
  }
  const schedule = createSchedule(load.ratePerSecond, load.durationMs);
  let next = 0;
  // An order that no connection was free for is sent as soon as one is, and was late since it was due.
  const sendDue = () => {
    const due = schedule.dueBy(nowMs() - beganAtMs);
    while (next < due && send(beganAtMs + schedule.dueAtMs(next))) next += 1;
  };
  return { begin, onTurn: sendDue, onAnswer: sendDue, isOver: () => next >= schedule.count };
}

/** Epoch ms with fractions: every process of this machine has the same clock. */
function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
