import type { Store } from "#db/open-store.ts";
import { markSuspect, unmarkSuspect } from "#db/suspects.ts";
import { positionOf, type Item } from "./batch.ts";
import { describeError } from "./error-policy.ts";
import type { Log } from "../log.ts";

/** Says durably, before it is tried, that the process may die of a record. */
export interface CrashMarker {
  /** Gives how often it was said of this record, this time included: each earlier time the process died. And since when. */
  mark(item: Item): Promise<{ readonly tries: number; readonly firstSeenAtMs: number }>;
  /** Its transaction took the marker away. */
  done(): void;
  /** Nobody died, and nothing was written: a marker that stayed would count as a death. Earlier ones stay counted. */
  unmark(): Promise<void>;
}

export function createCrashMarker(store: Store, groupId: string, signal: AbortSignal, log: Log): CrashMarker {
  let marked: Item | undefined;
  return {
    async mark(item) {
      const said = await store.write(signal, (tx) => markSuspect(tx, positionOf(groupId, item), Date.now()));
      marked = item;
      return said;
    },
    done: () => void (marked = undefined),
    async unmark() {
      if (marked === undefined) return;
      const position = positionOf(groupId, marked);
      marked = undefined;
      try {
        await store.write(new AbortController().signal, (tx) => unmarkSuspect(tx, position));
      } catch (error) {
        log({ level: "warn", message: "a crash marker stays", ...position, error: describeError(error) });
      }
    },
  };
}
