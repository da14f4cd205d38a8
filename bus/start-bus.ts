import type { EventType } from "#contracts/events.ts";
import type { Transaction } from "#db/connection.ts";
import { startInstance, stopInstance } from "#db/instances.ts";
import type { Store } from "#db/open-store.ts";
import { takeFromOutbox } from "#db/outbox.ts";
import { clearAllSuspects } from "#db/suspects.ts";
import type { ClientProperties } from "#kafka/upstream.ts";
import { findDisaster } from "./consume/assignment.ts";
import type { BatchHandler, Outgoing } from "./batch-handler.ts";
import { createBrokerView } from "./consume/broker-view.ts";
import { type CatchUp, type CatchUpOptions, createCatchUp } from "./consume/catch-up.ts";
import { createConsumption } from "./consume/consumption.ts";
import { sleep } from "./back-off.ts";
import type { DeliveryOptions } from "./relay/delivery.ts";
import { noFaults, type FaultHook } from "./fault-hook.ts";
import type { Log } from "./log.ts";
import type { BusMetrics } from "./metrics.ts";
import { outboxMessage } from "./relay/outbox-messages.ts";
import { createProgressView, type ProgressOptions, type ProgressView } from "./consume/progress.ts";
import { createPublishing } from "./relay/publishing.ts";
import { createRecover, type Recover } from "./recover/recover.ts";
import { unreadAfter } from "./relay/relay.ts";
import type { RelayLane } from "./relay/relay-lane.ts";
import type { BusSettings } from "./settings.ts";
import { createStallWatch } from "./consume/stall-watch.ts";
import { watch } from "./consume/watch.ts";

export interface BusOptions<K extends EventType> {
  readonly handler: BatchHandler<K>;
  readonly store: Store;
  /** From clientSettings, or baseProperties for the embedded broker. */
  readonly client: ClientProperties;
  readonly settings: BusSettings;
  /** The same one after a restart, another one for each process that shares the store. */
  readonly instanceId: string;
  readonly metrics: BusMetrics;
  readonly log: Log;
  readonly faultHook?: FaultHook;
  /** Told of each message that the broker has acknowledged. */
  readonly onSent?: DeliveryOptions["onSent"];
}

/** A service on the broker: consumes in batches, publishes its outbox. */
export interface Bus {
  /**
   * Writes the service's store from outside a batch (HTTP, deadlines): the effects and the events that tell of them in one
   * transaction. Durable when it resolves, whether the broker is there or not. `work` as in Store.write.
   */
  write<T>(signal: AbortSignal, work: (tx: Transaction, nowMs: number) => Promise<WorkResult<T>>): Promise<T>;
  /**
   * Publishes messages of the outbox again, behind all others, and nothing else of it: what a reader lost, a good copy
   * heals. `work` decides in the transaction which; ids that the outbox does not have are left out.
   */
  publishAgain<T>(
    signal: AbortSignal,
    work: (tx: Transaction, nowMs: number) => Promise<{ readonly result: T; readonly messageIds: readonly string[] }>,
  ): Promise<T>;
  /** Outbox rows that the broker has not acknowledged, and since when the oldest waits, epoch ms. */
  outbox(): { readonly rows: number; readonly oldestAtMs: number | undefined };
  /** Watches until the group has read what these topics, of those that it reads, have when it is first asked. */
  catchUp(topics: readonly EventType[]): CatchUp;
  /** How far all services have read, as the broker knows it. */
  readonly progress: ProgressView;
  /** Why consuming was refused; the outbox is still published. */
  refusal(): Error | undefined;
  /** As Recover.plan. */
  planRecovery: Recover["plan"];
  /** As Recover.recover; consuming goes on then. */
  recover: Recover["recover"];
  /** As Recover.publishUnread. */
  publishUnread: Recover["publishUnread"];
  /** Resolves when consuming has ended because it was stopped; rejects with ConsumeRefusedError. */
  readonly consuming: Promise<void>;
  /** Ends what is in hand, waits until `drainMs` (default 2,000) from now for the outbox to go out, and leaves. */
  stop(drainMs?: number): Promise<void>;
}

export interface WorkResult<T> {
  readonly result: T;
  readonly outbox: readonly Outgoing[];
}

/**
 * Starts at once, broker or not: what needs the broker waits for it.
 * @throws StoreError
 */
export async function startBus<K extends EventType>(options: BusOptions<K>): Promise<Bus> {
  const { handler, store, client, settings, instanceId, log, faultHook = noFaults } = options;
  const stopping = new AbortController();
  const ending = new AbortController();
  const { signal } = ending;
  const start = await store.write(signal, (tx) => startRun(tx, instanceId));
  if (start.uncleanExit) log({ level: "warn", message: "the last exit was unclean: trying the next records singly" });

  const publishing = createPublishing({ ...options, faultHook, signal, unread: start.unread });
  const { write, lane, relay } = publishing;
  // While the group is joined, so that the first message need not wait for it.
  publishing.delivery.prepare();
  const broker = createBrokerView(client, signal);
  const incarnation = async () => {
    const seen = await broker.incarnation();
    await relay.meet(seen);
    return seen;
  };
  const assignment = { handler, store, client, broker, incarnation, signal: stopping.signal };
  const singly = { left: start.uncleanExit ? settings.maxPollRecords : 0 };
  const stalls = createStallWatch({ ...options, ...assignment });
  const consumption = createConsumption({ ...options, ...assignment, write, singly, faultHook, stalls });
  const recovering = createRecover({
    ...assignment,
    ...publishing,
    instanceId,
    sessionTimeoutMs: settings.sessionTimeoutMs,
    refusal: consumption.refusal,
  });
  consumption.start();
  const lookForDisaster = (isThorough: boolean) => consumption.look(() => findDisaster(assignment, isThorough));
  const lookForStalls = stalls.look;
  const watching = watch({ ...options, ...publishing, signal, broker, incarnation, lookForDisaster, lookForStalls });
  const relaying = relay.run();

  let stopped: Promise<void> | undefined;
  async function stopOnce(drainMs: number): Promise<void> {
    stopping.abort(new Error("the bus stops"));
    const drainUntilMs = performance.now() + drainMs;
    await settled([consumption.consuming()], leaveWithinMs);
    await drain(lane, drainUntilMs);
    ending.abort(new Error("the bus stops"));
    // Before the relay has ended, which waits for reports: rows without one stay in the outbox.
    await publishing.delivery.close();
    await settled([relaying, watching.then(() => broker.close())], closeWithinMs);
    await write(new AbortController().signal, async (tx, nowMs) => {
      await stopInstance(tx, instanceId, nowMs);
      return { result: undefined, outbox: [] };
    });
  }

  return {
    write: (at, work) =>
      write(at, async (tx, nowMs) => {
        const { result, outbox } = await work(tx, nowMs);
        return { result, outbox: outbox.map((outgoing) => outboxMessage(outgoing, handler.service)) };
      }),
    publishAgain: (at, work) =>
      write(at, async (tx, nowMs) => {
        const { result, messageIds } = await work(tx, nowMs);
        // A row that moves to the end is to the relay, and to whoever purges what all have read, a new one.
        return { result, outbox: await takeFromOutbox(tx, messageIds) };
      }),
    outbox: () => lane.pending(),
    ...whatIsRead({ store, groupId: handler.groupId, client, broker, incarnation, signal }),
    refusal: consumption.refusal,
    planRecovery: recovering.plan,
    recover: (recovery, sign) => consumption.restart(() => recovering.recover(recovery, sign)),
    publishUnread: recovering.publishUnread,
    get consuming() {
      return consumption.consuming();
    },
    stop: (drainMs = 2_000) => (stopped ??= stopOnce(drainMs)),
  };
}

/** How far this group and all others have read. */
function whatIsRead(options: CatchUpOptions & ProgressOptions): Pick<Bus, "catchUp" | "progress"> {
  return { catchUp: (topics) => createCatchUp(options, topics), progress: createProgressView(options) };
}

async function startRun(tx: Transaction, instanceId: string) {
  const found = await startInstance(tx, instanceId, Date.now());
  if (!found.uncleanExit) await clearAllSuspects(tx);
  return { ...found, unread: await unreadAfter(tx, instanceId, found.publishedSeq) };
}

/**
 * Nothing that is lost without it needs the broker. A request to one that is away takes seconds to fail, and its client cannot
 * be closed under it: both are left to end by themselves.
 */
const leaveWithinMs = 2_000;
const closeWithinMs = 1_000;

async function settled(ending: readonly Promise<unknown>[], atMostMs: number): Promise<void> {
  const waited = new AbortController();
  const all = Promise.allSettled(ending).then(() => waited.abort());
  await Promise.race([all, sleep(atMostMs, waited.signal)]);
}

const drainLookMs = 5;

/** Waits for the outbox to go out, but not for ever: what is left is published by the next start, or by another instance. */
async function drain(lane: RelayLane, untilMs: number): Promise<void> {
  while (lane.pending().rows > 0 && performance.now() < untilMs) {
    await sleep(drainLookMs, new AbortController().signal);
  }
}
