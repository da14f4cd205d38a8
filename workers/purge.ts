import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "#bus/log.ts";
import type { Transaction } from "#db/connection.ts";
import { type EndedOrders, purgeDeadLetters, purgeOrders } from "#db/purge.ts";
import type { Store } from "#db/open-store.ts";
import { purgeOutbox } from "#db/outbox.ts";
import type { KeepingSettings } from "./keeping-settings.ts";

/** What a service lets go of, beside what all of them do. */
export interface Keeping {
  readonly orders: EndedOrders;
  /** Deletes keys that were used before a moment, as the others. */
  readonly purgeKeys?: (tx: Transaction, usedBeforeMs: number, limit: number) => Promise<number>;
}

export interface PurgeOptions {
  readonly store: Pick<Store, "write">;
  readonly keeping: Keeping;
  readonly settings: KeepingSettings;
  /** Told what was deleted, by kind. */
  readonly onPurged: (kind: string, rows: number) => void;
  /** The clock, epoch ms. */
  readonly nowMs: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Others that wait for the store come first: a step takes some ms, and rests ten times as long. */
const restFactor = 10;
const restAtLeastMs = 20;

/** Lets go of what is older than its bound, in short transactions, until the signal aborts. */
export async function runPurge(options: PurgeOptions): Promise<void> {
  const { settings, log, signal } = options;
  for (let failing = false; ;) {
    try {
      await delay(settings.purgeIntervalMs, undefined, { signal });
      await purgeOnce(options);
      failing = false;
    } catch (error) {
      if (signal.aborted) return;
      // Once for as long as it lasts: a store that is full or locked is everybody's trouble, and said by all.
      if (!failing)
        log({ level: "warn", message: "purging failed, it is tried again", error: (error as Error).message });
      failing = true;
    }
  }
}

/** All that may go now. Exported for tests. */
export async function purgeOnce({ store, keeping, settings, onPurged, nowMs, signal }: PurgeOptions): Promise<void> {
  for (const [kind, keptMs, purge] of kindsOf(keeping, settings)) {
    for (let rows = settings.purgeRows; rows === settings.purgeRows;) {
      const startedAtMs = performance.now();
      rows = await store.write(signal, (tx) => purge(tx, nowMs() - keptMs, settings.purgeRows));
      if (rows > 0) onPurged(kind, rows);
      if (rows < settings.purgeRows) break;
      await delay(Math.max(restAtLeastMs, restFactor * (performance.now() - startedAtMs)), undefined, { signal });
    }
  }
}

type Kind = readonly [
  name: string,
  keptMs: number,
  purge: (tx: Transaction, beforeMs: number, limit: number) => Promise<number>,
];

/** The outbox before the orders: an order stays while one of its messages is there. */
function kindsOf({ orders, purgeKeys }: Keeping, settings: KeepingSettings): Kind[] {
  return [
    ["outbox", settings.outboxKeptMs, purgeOutbox],
    ["dead-letters", settings.deadLettersKeptMs, purgeDeadLetters],
    ["orders", settings.ordersKeptMs, (tx, beforeMs, limit) => purgeOrders(tx, orders, beforeMs, limit)],
    ...(purgeKeys ? [["keys", settings.keysKeptMs, purgeKeys] as const] : []),
  ];
}
