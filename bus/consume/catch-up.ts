import { readOffsets } from "#db/offsets.ts";
import type { Store } from "#db/open-store.ts";
import type { LogRange } from "#kafka/admin.ts";
import type { BrokerView } from "./broker-view.ts";

/** Whether a group has read what was in topics at a moment, whichever of its instances read it. */
export interface CatchUp {
  /**
   * The moment is that of the first call. Rejects while the broker or the store cannot be asked: who cannot know what he
   * missed has not caught up.
   */
  isDone(): Promise<boolean>;
}

export interface CatchUpOptions {
  readonly store: Store;
  readonly groupId: string;
  readonly broker: Pick<BrokerView, "partitionsOf" | "logRanges">;
  /** Reads in which life the broker is. */
  readonly incarnation: () => Promise<string>;
  readonly signal: AbortSignal;
}

export function createCatchUp(options: CatchUpOptions, topics: readonly string[]): CatchUp {
  const { store, groupId, broker, signal } = options;
  let wanted: { readonly incarnation: string; readonly ranges: readonly LogRange[] } | undefined;
  let done = false;
  return {
    async isDone() {
      if (done) return true;
      wanted ??= {
        incarnation: await options.incarnation(),
        ranges: await broker.logRanges(await broker.partitionsOf(topics)),
      };
      const { incarnation, ranges } = wanted;
      const rows = await store.read(signal, (database) => readOffsets(database, groupId));
      const next = new Map(rows.map((row) => [`${row.topic}/${row.partition}/${row.incarnation}`, row.next]));
      // A row of an earlier life says nothing about this one.
      done = ranges.every(({ topic, partition, start, end }) => {
        return (next.get(`${topic}/${partition}/${incarnation}`) ?? start) >= end;
      });
      return done;
    },
  };
}
