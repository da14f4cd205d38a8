import { sql } from "drizzle-orm";
import { recordRound } from "#db/instances.ts";
import type { Store } from "#db/open-store.ts";
import { readOutboxAfter } from "#db/outbox.ts";
import type { Delivery } from "./delivery.ts";
import type { BusMetrics } from "../metrics.ts";
import { beginLife, type Relay } from "./relay.ts";
import type { BusSettings } from "../settings.ts";

export interface TakeoverOptions {
  readonly store: Store;
  readonly instanceId: string;
  readonly relay: Relay;
  readonly delivery: Delivery;
  readonly settings: BusSettings;
  readonly metrics: BusMetrics;
  readonly signal: AbortSignal;
}

/** Instances that stopped, or were not seen for long. */
export async function silentInstances(options: TakeoverOptions): Promise<string[]> {
  const { store, instanceId, settings, signal } = options;
  const seenBeforeMs = Date.now() - settings.takeoverAfterMs;
  const rows = await store.read(signal, (database) =>
    database.all<{ id: string }>(sql`
      SELECT instance_id AS id FROM instances
      WHERE instance_id <> ${instanceId} AND (running = 0 OR seen_at_ms < ${seenBeforeMs})`),
  );
  return rows.map(({ id }) => id);
}

/**
 * Publishes what a silent instance left in the outbox, in its name. Two may do so at once, or it may wake up: a message
 * that comes twice harms nobody.
 */
export async function publishLeft(options: TakeoverOptions, silentId: string): Promise<void> {
  const { store, relay, delivery, settings, metrics, signal } = options;
  const { incarnation, number } = relay.life();
  if (incarnation === undefined) return;
  const isSame = () => relay.life().number === number;
  let { publishedSeq } = await store.write(signal, (tx) => beginLife(tx, silentId, incarnation, Date.now()));
  while (!signal.aborted && isSame()) {
    const after = publishedSeq;
    const rows = await store.read(signal, (db) => readOutboxAfter(db, silentId, after, settings.relayRoundRows));
    const lastSeq = rows.at(-1)?.seq;
    if (lastSeq === undefined) return;
    const ends = await delivery.deliver(rows, isSame);
    if (ends === undefined) return;
    await store.write(signal, async (tx) => {
      if (isSame()) await recordRound(tx, { instanceId: silentId, lastSeq, ends });
    });
    metrics.takenOver += rows.length;
    publishedSeq = lastSeq;
  }
}
