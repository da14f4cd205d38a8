import { and, asc, eq, lte, sql } from "drizzle-orm";
import type { Database, Transaction } from "./connection.ts";
import { instances, relayRounds, type RoundEnds } from "./shared/schema.ts";

/** Where an instance's relay goes on, and whether its last run ended as it should. */
export interface InstanceStart {
  readonly uncleanExit: boolean;
  readonly publishedSeq: number;
  readonly readSeq: number;
}

/** Says that an instance runs. Needed before it writes outbox rows. */
export async function startInstance(tx: Transaction, instanceId: string, nowMs: number): Promise<InstanceStart> {
  const [known] = await tx.select().from(instances).where(eq(instances.instanceId, instanceId));
  if (known === undefined) {
    await tx.insert(instances).values({ instanceId, running: 1, seenAtMs: nowMs, publishedSeq: 0, readSeq: 0 });
    return { uncleanExit: false, publishedSeq: 0, readSeq: 0 };
  }
  await tx.update(instances).set({ running: 1, seenAtMs: nowMs }).where(eq(instances.instanceId, instanceId));
  return { uncleanExit: known.running === 1, publishedSeq: known.publishedSeq, readSeq: known.readSeq };
}

/** Says that an instance stopped with nothing in hand. */
export async function stopInstance(tx: Transaction, instanceId: string, nowMs: number): Promise<void> {
  await tx.update(instances).set({ running: 0, seenAtMs: nowMs }).where(eq(instances.instanceId, instanceId));
}

/** Says that an instance lives: what one that was not seen for long left in the outbox, another publishes. */
export async function seeInstance(tx: Transaction, instanceId: string, nowMs: number): Promise<void> {
  await tx.update(instances).set({ seenAtMs: nowMs }).where(eq(instances.instanceId, instanceId));
}

/** A round of the relay: all of the instance's rows up to `lastSeq` are delivered, up to these offsets. */
export interface Round {
  readonly instanceId: string;
  readonly lastSeq: number;
  readonly ends: RoundEnds;
}

/** Moves the published watermark and remembers how far readers must come: two statements. */
export async function recordRound(tx: Transaction, { instanceId, lastSeq, ends }: Round): Promise<void> {
  await tx.run(sql`
    UPDATE instances SET published_seq = max(published_seq, ${lastSeq}) WHERE instance_id = ${instanceId}`);
  // The same rows may be delivered twice, after a restart or by two who took over: the later ends are the ones to reach.
  await tx
    .insert(relayRounds)
    .values({ instanceId, lastSeq, ends })
    .onConflictDoUpdate({ target: [relayRounds.instanceId, relayRounds.lastSeq], set: { ends } });
}

/** Rounds that were not yet read by all, oldest first. */
export function readRounds(database: Database | Transaction, instanceId: string): Promise<Round[]> {
  return database
    .select()
    .from(relayRounds)
    .where(eq(relayRounds.instanceId, instanceId))
    .orderBy(asc(relayRounds.lastSeq));
}

/** Every reading group is past the ends of the rounds up to `lastSeq`: their rows may be purged, and never go out again. */
export async function finishRounds(tx: Transaction, instanceId: string, lastSeq: number): Promise<void> {
  await tx.run(sql`
    UPDATE instances SET read_seq = max(read_seq, min(${lastSeq}, published_seq)) WHERE instance_id = ${instanceId}`);
  await tx.delete(relayRounds).where(and(eq(relayRounds.instanceId, instanceId), lte(relayRounds.lastSeq, lastSeq)));
}

/** The broker lost its data: what was not read by all is to be published again. Gives the seq after which. */
export async function forgetUnreadRounds(tx: Transaction, instanceId: string): Promise<number> {
  await tx.delete(relayRounds).where(eq(relayRounds.instanceId, instanceId));
  const [instance] = await tx
    .update(instances)
    .set({ publishedSeq: sql`${instances.readSeq}` })
    .where(eq(instances.instanceId, instanceId))
    .returning({ readSeq: instances.readSeq });
  if (instance === undefined) throw new Error(`instance ${instanceId} was never started`);
  return instance.readSeq;
}

/** The instances that write this store. */
export async function instanceIds(database: Database | Transaction): Promise<string[]> {
  const rows = await database.select({ id: instances.instanceId }).from(instances);
  return rows.map(({ id }) => id);
}
