import type { DeadCopy, GroupPlace, GroupProgress } from "#bus/consume/progress.ts";
import { topics } from "#contracts/topics.ts";
import { partitionOf } from "#kafka/partition-of.ts";
import type { View } from "../decide.ts";
import { type Hop, hopsOf, lastProgressMs } from "./hops.ts";

/**
 * Why an order does not go on:
 * - `unread`: the service stands still with messages before it, this one among them.
 * - `dead-letter`: the service has set the message aside.
 * - `unanswered`: everything that was sent is read, and nothing came of it: a service does not publish, or a message is lost.
 * - `no-broker`: nobody can be asked.
 */
export type WhyStuck = "unread" | "dead-letter" | "unanswered" | "no-broker";

/** An order without progress, with the message and the service that it waits for. */
export interface StuckOrder extends Pick<Hop, "message" | "service"> {
  readonly orderId: string;
  readonly status: View["status"];
  readonly why: WhyStuck;
  /** When it last went on, epoch ms. */
  readonly sinceMs: number;
  /** Of the dead letter. */
  readonly reason?: string;
}

/** How far one order was followed. */
interface Trail {
  readonly progressMs: number;
  /** Hops that are known to be read. */
  passed: number;
  /** The end of the next hop's log when the one before was known to be read: its message is before it. */
  target: number | undefined;
}

export interface Judge {
  /** What has to be known of these orders, for the next call of `judge`. */
  places(open: readonly View[]): GroupPlace[];
  /** Those of the open orders that do not go on. Progress is undefined where nobody could be asked. */
  judge(open: readonly View[], progress: readonly GroupProgress[] | undefined, nowMs: number): StuckOrder[];
}

const utf8 = new TextEncoder();

function placeOf({ message: topic, groupId }: Hop, orderId: string): GroupPlace {
  return { groupId, topic, partition: partitionOf(utf8.encode(orderId), topics[topic].partitions) };
}

const nameOf = ({ groupId, topic, partition }: GroupPlace) => `${groupId}/${topic}/${partition}`;

/**
 * Follows orders along their hops, by what groups read. An order whose messages wait in a queue that gets shorter is not
 * stuck, however old it is; one is whose reader stands still, or about which everything is read and nothing was answered.
 */
export function createJudge(standstillMs: number): Judge {
  const trails = new Map<string, Trail>();
  const moves = new Map<string, { committed: number; movedAtMs: number }>();

  function trailOf(view: View): Trail {
    const progressMs = lastProgressMs(view);
    const known = trails.get(view.orderId);
    if (known?.progressMs === progressMs) return known;
    const fresh = { progressMs, passed: 0, target: undefined };
    trails.set(view.orderId, fresh);
    return fresh;
  }

  function follow(
    trail: Trail,
    hops: readonly Hop[],
    known: ReadonlyMap<string, GroupProgress>,
    orderId: string,
  ): void {
    const next = hops[trail.passed];
    if (next === undefined) return;
    const progress = known.get(nameOf(placeOf(next, orderId)));
    if (progress === undefined) return;
    // A smaller end is another log, which begins anew.
    trail.target = Math.min(trail.target ?? progress.end, progress.end);
    if (progress.committed < trail.target) return;
    // One hop a look: what it causes must be on its way before the next one's end is taken.
    trail.passed += 1;
    trail.target = undefined;
  }

  function noteMoves(progress: readonly GroupProgress[], nowMs: number): void {
    for (const each of progress) {
      const before = moves.get(nameOf(each));
      if (before?.committed === each.committed && each.committed < each.end) continue;
      moves.set(nameOf(each), { committed: each.committed, movedAtMs: nowMs });
    }
  }

  return {
    places(open) {
      const all = open.flatMap((view) => hopsOf(view).map((hop) => placeOf(hop, view.orderId)));
      return [...new Map(all.map((place) => [nameOf(place), place])).values()];
    },
    judge(open, progress, nowMs) {
      const ids = new Set(open.map(({ orderId }) => orderId));
      for (const orderId of trails.keys()) if (!ids.has(orderId)) trails.delete(orderId);
      noteMoves(progress ?? [], nowMs);
      const known = new Map(progress?.map((each) => [nameOf(each), each]));
      return open.flatMap((view): StuckOrder[] => {
        const trail = trailOf(view);
        const hops = hopsOf(view);
        const stuckAt = (hop: Hop | undefined, why: WhyStuck): StuckOrder[] => {
          if (hop === undefined) return [];
          const { orderId, status } = view;
          return [{ orderId, status, message: hop.message, service: hop.service, why, sinceMs: trail.progressMs }];
        };
        if (progress === undefined) return stuckAt(hops[trail.passed] ?? hops[0], "no-broker");
        follow(trail, hops, known, view.orderId);
        const next = hops[trail.passed];
        if (next === undefined) return stuckAt(hops[0], "unanswered");
        const { movedAtMs = nowMs } = moves.get(nameOf(placeOf(next, view.orderId))) ?? {};
        return nowMs - movedAtMs >= standstillMs ? stuckAt(next, "unread") : [];
      });
    },
  };
}

/** The message that was set aside, of an order that nobody answers; else as it is. */
export function nameDead(
  stuck: StuckOrder,
  view: Pick<View, "status" | "cancelRequestedAtMs">,
  copies: readonly DeadCopy[],
) {
  if (stuck.why !== "unanswered") return stuck;
  for (const { message, service, groupId } of hopsOf(view)) {
    const copy = copies.find(
      (each) => each.topic === message && each.groupId === groupId && each.key === stuck.orderId,
    );
    if (copy) return { ...stuck, message, service, why: "dead-letter", reason: copy.reason } satisfies StuckOrder;
  }
  return stuck;
}
