import { sql } from "drizzle-orm";
import type { Database, Transaction } from "#db/connection.ts";
import { forgetUnreadRounds } from "#db/instances.ts";
import { startOffsets } from "#db/offsets.ts";
import type { Store } from "#db/open-store.ts";
import { INCARNATION_TOPIC } from "#kafka/embedded-broker/incarnation-topic.ts";
import { KafkaError } from "#kafka/errors.ts";
import { createBackOff, sleep } from "../back-off.ts";
import type { Delivery } from "./delivery.ts";
import { describeError } from "../batch/error-policy.ts";
import type { Log } from "../log.ts";
import type { BusMetrics } from "../metrics.ts";
import { nothingUnread, type RelayLane, type Unread } from "./relay-lane.ts";
import type { BusSettings } from "../settings.ts";
import type { WakeUp } from "../wake-up.ts";

/** The only publisher of a service's outbox. */
export interface Relay {
  /** Publishes until the signal aborts, then waits for the reports that are out. */
  run(): Promise<void>;
  /**
   * Tells the life of the broker that somebody has just read there. Another one than before: what was not read by all is
   * published again. Nothing is sent before the first call.
   */
  meet(incarnation: string): Promise<void>;
  /** Publishes again what not all have read, as when a broker had lost it. Gives how many rows that are. */
  publishUnread(): Promise<number>;
  /** The life that the relay publishes in, and its number: a round counts only while that is the same. */
  life(): { readonly incarnation: string | undefined; readonly number: number };
}

export interface RelayOptions {
  readonly store: Store;
  readonly instanceId: string;
  readonly lane: RelayLane;
  readonly delivery: Delivery;
  readonly settings: BusSettings;
  readonly metrics: BusMetrics;
  readonly wakeUp: WakeUp;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** How long an idle relay sleeps: it is woken by everything that it waits for. */
const idleMs = 1_000;
/**
 * How long copies of dead letters wait for events to go along with. They are for other tools, and alone they would be a round for
 * each batch with poison in it: requests, a report, a watermark, and a producer in a hurry, so that the events beside them go out in
 * smaller requests.
 */
const copiesWaitMs = 200;

export function createRelay(options: RelayOptions): Relay {
  const { store, instanceId, lane, delivery, settings, metrics, wakeUp, signal, log } = options;
  const rounds = new Set<Promise<void>>();
  let incarnation: string | undefined;
  let lifeNumber = 0;
  let inFlight = 0;
  const alone = createQueue();

  /** From here on no round of the old life is recorded, nor any sent before the store says where to begin. */
  async function begin(seen: string, where: (tx: Transaction) => Promise<LifeBegin>): Promise<number> {
    incarnation = undefined;
    lifeNumber += 1;
    delivery.prepare();
    lane.restart(Number.MAX_SAFE_INTEGER, lane.pending());
    const { publishedSeq, isNew } = await store.write(signal, where);
    const unread = await store.read(signal, (database) => unreadAfter(database, instanceId, publishedSeq));
    lane.restart(publishedSeq, unread);
    incarnation = seen;
    if (isNew) {
      metrics.republished += 1;
      log({ level: "info", message: "publishing what was not read by all", afterSeq: publishedSeq, incarnation: seen });
    }
    wakeUp.notify();
    return unread.rows;
  }

  async function meetOnce(seen: string): Promise<void> {
    if (seen !== incarnation) await begin(seen, (tx) => beginLife(tx, instanceId, seen, Date.now()));
  }

  async function publishUnreadOnce(): Promise<number> {
    const seen = incarnation;
    if (seen === undefined) throw new KafkaError("retriable", "ERR__TRANSPORT", "the broker was not reached yet");
    return begin(seen, async (tx) => ({ publishedSeq: await forgetUnreadRounds(tx, instanceId), isNew: true }));
  }

  async function sendRound(): Promise<void> {
    const round = lane.open(settings.relayRoundRows);
    if (round === undefined) return;
    const life = lifeNumber;
    let counted = true;
    inFlight += 1;
    const leave = () => {
      if (counted) inFlight -= 1;
      counted = false;
      wakeUp.notify();
    };
    const ends = await delivery.deliver(round.rows, () => life === lifeNumber, leave);
    if (ends !== undefined && life === lifeNumber) lane.close(round, ends);
    leave();
  }

  async function step(): Promise<void> {
    if (incarnation === undefined) return wakeUp.wait(idleMs);
    if (lane.isBehind() && lane.waitingRows() < settings.relayRoundRows && (await lane.fill(signal))) wakeUp.notify();
    if (lane.waitingRows() === 0 || inFlight >= settings.relayRoundsInFlight) return wakeUp.wait(idleMs);
    const areFew = () => lane.waitingRows() < settings.relaySmallRows;
    await waitWhile(() => !signal.aborted && areFew() && lane.hasOnlyCopies(), copiesWaitMs, wakeUp);
    await waitWhile(() => inFlight > 0 && areFew(), settings.relayWaitMs, wakeUp);
    const round: Promise<void> = sendRound().finally(() => rounds.delete(round));
    rounds.add(round);
  }

  return {
    life: () => ({ incarnation, number: lifeNumber }),
    meet: (seen) => alone(() => meetOnce(seen)),
    publishUnread: () => alone(publishUnreadOnce),
    async run() {
      await repeat(step, options);
      await Promise.allSettled(rounds);
    },
  };
}

/** Runs each work when the one before it has ended. */
function createQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const running = last.then(work);
    last = running.catch(() => undefined);
    return running;
  };
}

async function waitWhile(condition: () => boolean, atMostMs: number, wakeUp: WakeUp): Promise<void> {
  const untilMs = performance.now() + atMostMs;
  for (let leftMs = atMostMs; leftMs > 0 && condition(); leftMs = untilMs - performance.now()) {
    await wakeUp.wait(leftMs);
  }
}

/** Until the signal aborts; after an error only when some time has passed. */
async function repeat(step: () => Promise<void>, { settings, wakeUp, signal, log }: RelayOptions): Promise<void> {
  const backOff = createBackOff(settings.backOffMinMs, settings.backOffMaxMs);
  signal.addEventListener("abort", () => wakeUp.notify(), { once: true });
  while (!signal.aborted) {
    try {
      await step();
      backOff.reset();
    } catch (error) {
      if (signal.aborted) return;
      log({ level: "warn", message: "the relay waits", error: describeError(error) });
      await sleep(backOff.nextMs(), signal);
    }
  }
}

interface LifeBegin {
  readonly publishedSeq: number;
  /** What was not read by all is to be published again. */
  readonly isNew: boolean;
}

/** How much of an instance's outbox is after a row. */
export async function unreadAfter(
  database: Database | Transaction,
  instanceId: string,
  afterSeq: number,
): Promise<Unread> {
  const [found] = await database.all<{ rows: number; oldest: number | null }>(sql`
    SELECT count(*) AS rows, min(created_at_ms) AS oldest FROM outbox
    WHERE instance_id = ${instanceId} AND seq > ${afterSeq}`);
  return found ? { rows: found.rows, oldestAtMs: found.oldest ?? undefined } : nothingUnread;
}

/** Which life of the broker an instance has published in is kept like an offset: it has read that topic's one record. */
const lifeGroup = (instanceId: string) => `orderwright.relay/${instanceId}`;

/** Where an instance's relay begins in this life of the broker: another one than it knew lost what not all had read. */
export async function beginLife(
  tx: Transaction,
  instanceId: string,
  incarnation: string,
  nowMs: number,
): Promise<LifeBegin> {
  const group = lifeGroup(instanceId);
  const [state] = await tx.all<{ publishedSeq: number; incarnation: string | null }>(sql`
    SELECT published_seq AS publishedSeq, incarnation FROM instances
    LEFT JOIN offsets ON group_id = ${group} AND topic = ${INCARNATION_TOPIC} AND partition = 0
    WHERE instance_id = ${instanceId}`);
  if (state === undefined) throw new Error(`instance ${instanceId} was never started`);
  if (state.incarnation === incarnation) return { publishedSeq: state.publishedSeq, isNew: false };
  const publishedSeq = await forgetUnreadRounds(tx, instanceId);
  await startOffsets(tx, group, [{ topic: INCARNATION_TOPIC, partition: 0, incarnation, next: 1 }], nowMs);
  return { publishedSeq, isNew: state.incarnation !== null };
}
