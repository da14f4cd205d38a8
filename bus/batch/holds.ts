import type { EventType } from "#contracts/events.ts";
import { backOffMs } from "../back-off.ts";
import type { Item } from "./batch.ts";
import { type Chunk, chunksOf } from "./chunks.ts";
import type { Position } from "../consume/positions.ts";
import type { BusSettings } from "../settings.ts";

/**
 * Partitions that stand still because one of their records fails for no known reason, until it is tried again. All others
 * go on meanwhile: only what must not overtake it waits.
 */
export interface Holds<K extends EventType> {
  /** @param chunk of one record that was tried; the more often, the longer it waits */
  hold(chunk: Chunk<K>): void;
  /** The chunk without what has to wait behind a held record, which waits from now on. */
  without(chunk: Chunk<K>): Chunk<K>;
  /** What is to be tried now, each record before what waits behind it; held no more. `singly` as for `chunksOf`. */
  takeDue(singly: number): Chunk<K>[];
  /** Infinity where nothing is held. */
  dueInMs(): number;
  positions(): readonly Position[];
}

interface Held<K extends EventType> {
  readonly chunk: Chunk<K>;
  readonly behind: Item<K>[];
  readonly dueAtMs: number;
}

export function createHolds<K extends EventType>({
  backOffMinMs,
  backOffMaxMs,
}: Pick<BusSettings, "backOffMinMs" | "backOffMaxMs">): Holds<K> {
  const holds = new Map<Position, Held<K>>();
  return {
    hold(chunk) {
      const [item] = chunk.items;
      const dueAtMs = performance.now() + backOffMs(chunk.attempts - 1, backOffMinMs, backOffMaxMs);
      if (item) holds.set(item.position, { chunk, behind: [], dueAtMs });
    },
    without(chunk) {
      if (holds.size === 0 || !chunk.items.some(({ position }) => holds.has(position))) return chunk;
      const items = chunk.items.filter((item) => {
        const held = holds.get(item.position);
        held?.behind.push(item);
        return held === undefined;
      });
      return { ...chunk, items };
    },
    takeDue(singly) {
      const due = [...holds].filter(([, { dueAtMs }]) => dueAtMs <= performance.now());
      for (const [position] of due) holds.delete(position);
      return due.flatMap(([, { chunk, behind }]) => [chunk, ...chunksOf(behind, singly)]);
    },
    dueInMs() {
      if (holds.size === 0) return Infinity;
      const firstMs = Math.min(...[...holds.values()].map(({ dueAtMs }) => dueAtMs));
      return Math.max(0, firstMs - performance.now());
    },
    positions: () => [...holds.keys()],
  };
}
