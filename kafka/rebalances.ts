import type { Assignment } from "./assignment.ts";
import { KafkaError } from "./errors.ts";
import { isSamePartition } from "./topic-partition.ts";
import type { Consumer, TopicPartition } from "./upstream.ts";

/** Where to begin to read: the offset of the next message, or the log's start, wherever that is. */
export interface StartOffset extends TopicPartition {
  readonly offset: number | "earliest";
}

export interface RebalanceCallbacks {
  /** Says for each of these partitions where to begin; none of them is read before. A rejection makes `poll` reject. */
  readonly onAssign: (partitions: readonly TopicPartition[]) => Promise<readonly StartOffset[]>;
  /** They go to another member when this resolves: finish and commit what was handed out. No more of them is handed out. */
  readonly onRevoke: (partitions: readonly TopicPartition[]) => Promise<void>;
  /**
   * They are already with another member: the session timed out, or nobody polled. A commit would be refused. What had been
   * asked back just before may still come as revoked.
   */
  readonly onLost: (partitions: readonly TopicPartition[]) => Promise<void>;
}

export interface Rebalances {
  /** For librdkafka, at any moment: only remembers, since librdkafka waits for our answer. */
  onRebalance(client: Consumer, code: number, partitions: TopicPartition[]): void;
  /** Runs the callbacks of what came meanwhile, and answers librdkafka. What a callback throws is tried again next time. */
  settle(client: Consumer): Promise<void>;
  /** Gives everything back; from then on librdkafka is answered at once. */
  leave(client: Consumer): Promise<void>;
}

interface Change {
  readonly kind: "assign" | "revoke" | "lost";
  readonly partitions: readonly TopicPartition[];
}

const ASSIGN = -175; // ERR__ASSIGN_PARTITIONS
const REVOKE = -174; // ERR__REVOKE_PARTITIONS
const OFFSET_BEGINNING = -2;

/** @param onTaken before the callbacks: nothing of these partitions may be handed out any more */
export function newRebalances(
  assignment: Assignment,
  callbacks: RebalanceCallbacks,
  onTaken: (partitions: readonly TopicPartition[]) => void,
): Rebalances {
  const changes: Change[] = [];
  let leaving = false;

  async function apply(client: Consumer, { kind, partitions }: Change): Promise<void> {
    if (kind === "assign") {
      const starts = complete(partitions, await callbacks.onAssign(partitions));
      changes.shift();
      client.incrementalAssign(
        starts.map((s) => ({ ...s, offset: s.offset === "earliest" ? OFFSET_BEGINNING : s.offset })),
      );
      assignment.add(starts);
      return;
    }
    onTaken(partitions);
    if (kind === "revoke") await callbacks.onRevoke(partitions);
    changes.shift();
    // librdkafka keeps the pause of a partition that goes, and would never read it when it comes back.
    const paused = assignment.remove(partitions).filter((owned) => owned.paused);
    if (paused.length > 0) client.resume(paused);
    client.incrementalUnassign(partitions);
    if (kind === "lost") await callbacks.onLost(partitions);
  }

  return {
    onRebalance(client, code, partitions) {
      if (leaving) return answerAtOnce(client, code, partitions);
      if (code === ASSIGN) changes.push({ kind: "assign", partitions });
      // Asked now: the answer holds until we have unassigned.
      else if (code === REVOKE) changes.push({ kind: client.assignmentLost() ? "lost" : "revoke", partitions });
      else changes.push({ kind: "lost", partitions: assignment.all() });
    },
    async settle(client) {
      for (let change = changes[0]; change; change = changes[0]) await apply(client, change);
    },
    async leave(client) {
      leaving = true;
      const lost = changes
        .filter(({ kind }) => kind === "lost")
        .flatMap(({ partitions }) => assignment.remove(partitions));
      const owned = assignment.remove(assignment.all());
      onTaken([...lost, ...owned]);
      try {
        if (lost.length > 0) await callbacks.onLost(lost);
        if (owned.length > 0) await callbacks.onRevoke(owned);
      } finally {
        for (const { kind, partitions } of changes.splice(0)) {
          answerAtOnce(client, kind === "assign" ? ASSIGN : REVOKE, partitions);
        }
      }
    },
  };
}

/** While it leaves the group, librdkafka waits for these answers too. */
function answerAtOnce(client: Consumer, code: number, partitions: readonly TopicPartition[]): void {
  try {
    // Assigned as if to be read; it is revoked again in the same breath.
    if (code === ASSIGN) client.incrementalAssign(partitions.map((p) => ({ ...p, offset: OFFSET_BEGINNING })));
    else client.incrementalUnassign(partitions);
  } catch {
    // Refused when the group has moved on already: there is nothing left to give back.
  }
}

function complete(partitions: readonly TopicPartition[], starts: readonly StartOffset[]): readonly StartOffset[] {
  const missing = partitions.filter((each) => !starts.some((start) => isSamePartition(start, each)));
  if (missing.length === 0 && starts.length === partitions.length) return starts;
  const names = missing.map(({ topic, partition }) => `${topic}/${partition}`).join(", ");
  throw new KafkaError(
    "fatal",
    "ERR__INVALID_ARG",
    `onAssign gave no start offset for ${names || "exactly what was asked"}`,
  );
}
