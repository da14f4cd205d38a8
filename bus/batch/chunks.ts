import type { EventType } from "#contracts/events.ts";
import type { Item } from "./batch.ts";
import type { Condemned } from "./dead-letters.ts";
import { describeError, type FailureClass } from "./error-policy.ts";
import type { Positions } from "../consume/positions.ts";

/** Records that go into one transaction. */
export interface Chunk<K extends EventType> {
  readonly items: readonly Item<K>[];
  /** They are set aside, and no handler sees them. */
  readonly condemned?: Condemned;
  /** Tries of one record alone that ended with an unknown error. */
  readonly attempts: number;
  /** A durable marker says that the process may die of it. */
  readonly suspect: boolean;
}

/** What becomes of records whose transaction failed. */
export interface Answer<K extends EventType> {
  /** To be handled next, in this order. */
  readonly chunks: readonly Chunk<K>[];
  /** What reads nothing more until they are tried again: the service, where all would fail; or the record's partition. */
  readonly waits?: "service" | "partition";
}

/** So many deaths of the process on one record, and it is set aside. */
const deathLimit = 3;

/** One chunk, none where there are no records; or, as far as `singly` says, one for each record. */
export function chunksOf<K extends EventType>(items: readonly Item<K>[], singly: number): Chunk<K>[] {
  const single = items.slice(0, singly).map((item) => [item]);
  const rest = items.slice(single.length);
  return (rest.length > 0 ? [...single, rest] : single).map(freshChunk);
}

/** What of a chunk is still ours to handle: its partition was neither revoked nor sought since it was polled. */
export function currentOf<K extends EventType>(chunk: Chunk<K>, positions: Pick<Positions, "get">): Chunk<K> {
  const isCurrent = ({ position, record }: Item<K>) =>
    positions.get(position) === position && record.offset >= position.next;
  return chunk.items.every(isCurrent) ? chunk : { ...chunk, items: chunk.items.filter(isCurrent) };
}

/** The policy of errors, for all but the records that poison was found in before. Throws what only a person can answer. */
export function answerTo<K extends EventType>(
  chunk: Chunk<K>,
  kind: FailureClass,
  error: unknown,
  unknownAttempts: number,
): Answer<K> {
  const [first] = chunk.items;
  if (kind === "refused" || first === undefined) throw error;
  // To set a record aside must work: where it does not, it is the store that fails, whatever it says.
  if (kind === "transient" || kind === "commit-unknown" || chunk.condemned)
    return { chunks: [chunk], waits: "service" };
  if (chunk.items.length > 1) {
    // It blames no message: halves, down to the one that fails alone. The others go on together.
    const middle = chunk.items.length >> 1;
    return { chunks: [chunk.items.slice(0, middle), chunk.items.slice(middle)].map(freshChunk) };
  }
  const attempts = chunk.attempts + 1;
  if (kind === "unknown" && attempts < unknownAttempts) return { chunks: [{ ...chunk, attempts }], waits: "partition" };
  const reason = { poison: "handler-type-error", constraint: "constraint", unknown: "unknown-error" }[kind];
  const { firstSeenAtMs } = first;
  const condemned = { reason, error: describeError(error), attempts, firstSeenAtMs };
  return { chunks: [{ ...chunk, condemned }] };
}

/** Marked `tries` times, this one included: each earlier time the process died of it, or of something else meanwhile. */
export function suspected<K extends EventType>(
  chunk: Chunk<K>,
  { tries, firstSeenAtMs }: { readonly tries: number; readonly firstSeenAtMs: number },
): Chunk<K> {
  const attempts = tries - 1;
  if (attempts < deathLimit) return { ...chunk, suspect: true };
  const error = `the process died ${attempts} times while it handled this record`;
  return { ...chunk, suspect: true, condemned: { reason: "deadly", error, attempts, firstSeenAtMs } };
}

function freshChunk<K extends EventType>(items: readonly Item<K>[]): Chunk<K> {
  return { items, attempts: 0, suspect: false };
}
