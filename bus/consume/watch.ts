import { countOpenDeadLetters } from "#db/dead-letter-rows.ts";
import { seeInstance } from "#db/instances.ts";
import type { Store } from "#db/open-store.ts";
import { findUndone } from "#db/undone.ts";
import { sleep } from "../back-off.ts";
import { describeError } from "../batch/error-policy.ts";
import type { Log } from "../log.ts";
import type { BusMetrics } from "../metrics.ts";
import type { OutboxWriter } from "../relay/outbox-writer.ts";
import { finishReadRounds, type ReadByAllOptions } from "../relay/read-by-all.ts";
import type { RelayLane } from "../relay/relay-lane.ts";
import { publishLeft, silentInstances, type TakeoverOptions } from "../relay/takeover.ts";

export interface WatchOptions extends ReadByAllOptions, TakeoverOptions {
  readonly store: Store;
  readonly lane: RelayLane;
  readonly write: OutboxWriter;
  readonly metrics: BusMetrics;
  readonly log: Log;
  /** Reads in which life the broker is, and tells the relay. */
  readonly incarnation: () => Promise<string>;
  /** Looks for another store in the group; thoroughly, for all that would have kept it from consuming at its start. */
  readonly lookForDisaster: (isThorough: boolean) => Promise<void>;
  readonly lookForStalls: () => Promise<void>;
}

/** Rarer than the rest: they cost a client of their own, or only say that we live. */
const slowEvery = 5;
/** The ends of all logs and the last record of each: some hundred small requests. */
const thoroughEvery = 30;

/** What is looked at now and then, beside the batches. Ends when the signal aborts. */
export async function watch(options: WatchOptions): Promise<void> {
  const { signal, settings, log } = options;
  let failing = "";
  for (let turn = 0; !signal.aborted; turn++) {
    await sleep(settings.watchIntervalMs, signal);
    for (const [name, look] of looks(options, turn)) {
      if (signal.aborted) return;
      try {
        await look();
        if (failing === name) failing = "";
      } catch (error) {
        // Said once for as long as it lasts: with the broker away this fails at each turn.
        if (failing === "" && !signal.aborted)
          log({ level: "warn", message: `cannot ${name}`, error: describeError(error) });
        failing ||= name;
      }
    }
  }
}

type Look = readonly [name: string, look: () => Promise<void>];

function looks(options: WatchOptions, turn: number): Look[] {
  const { store, instanceId, lane, write, metrics, signal } = options;
  const often: Look[] = [
    [
      "record what was delivered",
      async () => {
        // Batches do so on their way; this is for when none comes.
        if (lane.delivered()) await write(signal, () => Promise.resolve({ result: undefined, outbox: [] }));
      },
    ],
    ["see what all have read", () => finishReadRounds(options, instanceId)],
    [
      "count the outbox",
      () => {
        const { rows, oldestAtMs } = lane.pending();
        metrics.outboxWaiting = rows;
        metrics.outboxAgeMs = oldestAtMs === undefined ? 0 : Date.now() - oldestAtMs;
        return Promise.resolve();
      },
    ],
  ];
  if (turn % slowEvery !== 0) return often;
  return [
    ["say that we live", () => store.write(signal, (tx) => seeInstance(tx, instanceId, Date.now()))],
    ["look at the broker's incarnation", async () => void (await options.incarnation())],
    ["look for disasters", () => options.lookForDisaster(turn % thoroughEvery === 0)],
    ...(turn % thoroughEvery === 0 ? [["look for stalls", options.lookForStalls] satisfies Look] : []),
    ["publish for silent instances", () => helpSilent(options)],
    [
      "count what was set aside",
      async () => {
        metrics.deadLettersOpen = await store.read(signal, countOpenDeadLetters);
        metrics.compensationsUndone = (await store.read(signal, findUndone)).length;
      },
    ],
    ...often,
  ];
}

async function helpSilent(options: WatchOptions): Promise<void> {
  for (const silentId of await silentInstances(options)) {
    await publishLeft(options, silentId);
    await finishReadRounds(options, silentId);
  }
}
