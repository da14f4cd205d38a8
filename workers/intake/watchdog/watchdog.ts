import { setTimeout as delay } from "node:timers/promises";
import { describeError } from "#bus/batch/error-policy.ts";
import type { Log } from "#bus/log.ts";
import type { ProgressView } from "#bus/consume/progress.ts";
import type { View } from "../decide.ts";
import { hopsOf, lastProgressMs } from "./hops.ts";
import { createJudge, nameDead, type StuckOrder } from "./judge.ts";

export interface WatchdogSettings {
  readonly watchdogIntervalMs: number;
  /** An order is looked at when it has not gone on for so long, and a service stands still that has not read for so long. */
  readonly stuckAfterMs: number;
}

export interface WatchdogOptions extends WatchdogSettings {
  /** Orders without an end that have been as they are since this moment, epoch ms, the oldest first. */
  readonly readOpen: (unchangedSinceMs: number) => Promise<readonly View[]>;
  readonly progress: ProgressView;
  readonly nowMs: () => number;
  readonly log: Log;
}

export interface Watchdog {
  /** Looks until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** One look. */
  look(): Promise<void>;
  /** Orders that do not go on, the oldest first, as last looked at. */
  stuck(): readonly StuckOrder[];
  of(orderId: string): StuckOrder | undefined;
  /** When it last looked, epoch ms; undefined: not yet. */
  lookedAtMs(): number | undefined;
}

/** Lines of one look: whoever reads the first of thousands knows enough. */
const linesAtMost = 20;

/**
 * Finds orders that do not go on. It asks the store and the broker only: what a service has read is known there, whether
 * it answers or not. While all orders go on it costs one index probe a look.
 */
export function createWatchdog(options: WatchdogOptions): Watchdog {
  const { readOpen, progress, nowMs, log, stuckAfterMs, watchdogIntervalMs } = options;
  const judge = createJudge(stuckAfterMs);
  let found = new Map<string, StuckOrder>();
  let atMs: number | undefined;
  const failed = createOnceLog(log);

  async function look(): Promise<void> {
    const open = await readOpen(nowMs() - stuckAfterMs);
    const places = judge.places(open);
    const known =
      places.length === 0 ? [] : await progress.progressOf(places).catch((error: unknown) => failed.say(error));
    if (known !== undefined) failed.over();
    let stuck = judge.judge(open, known, nowMs());
    stuck = await name(await unchanged(stuck, open), open);
    tell(found, stuck, log);
    found = new Map(stuck.map((each) => [each.orderId, each]));
    atMs = nowMs();
  }

  /** What was read from the broker may be later than the rows: who has gone on meanwhile is not stuck. */
  async function unchanged(stuck: readonly StuckOrder[], open: readonly View[]): Promise<StuckOrder[]> {
    if (stuck.length === 0) return [];
    const before = new Map(open.map((view) => [view.orderId, lastProgressMs(view)]));
    const again = await readOpen(nowMs() - stuckAfterMs);
    const same = new Set(
      again.filter((view) => lastProgressMs(view) === before.get(view.orderId)).map((view) => view.orderId),
    );
    return stuck.filter(({ orderId }) => same.has(orderId));
  }

  async function name(stuck: readonly StuckOrder[], open: readonly View[]): Promise<StuckOrder[]> {
    const views = new Map(open.map((view) => [view.orderId, view]));
    const silent = stuck.filter(({ why }) => why === "unanswered").flatMap(({ orderId }) => views.get(orderId) ?? []);
    const origins = new Set(silent.flatMap((view) => hopsOf(view).map(({ message }) => message)));
    const copies = origins.size === 0 ? [] : await progress.deadCopies([...origins]);
    return stuck.map((each) => {
      const view = views.get(each.orderId);
      return view === undefined ? each : nameDead(each, view, copies);
    });
  }

  return {
    look,
    stuck: () => [...found.values()],
    of: (orderId) => found.get(orderId),
    lookedAtMs: () => atMs,
    async run(signal) {
      while (!signal.aborted) {
        await delay(watchdogIntervalMs, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        await look().catch(failed.say);
      }
    },
  };
}

/** Says what fails once for as long as it lasts. */
function createOnceLog(log: Log) {
  let isSaid = false;
  return {
    say(error: unknown): undefined {
      if (!isSaid)
        log({ level: "warn", message: "the watchdog cannot see how far services are", error: describeError(error) });
      isSaid = true;
    },
    over: () => void (isSaid = false),
  };
}

function tell(before: ReadonlyMap<string, StuckOrder>, now: readonly StuckOrder[], log: Log): void {
  const isNew = (each: StuckOrder) => {
    const known = before.get(each.orderId);
    return known?.message !== each.message || known.service !== each.service || known.why !== each.why;
  };
  const fresh = now.filter(isNew);
  for (const { orderId, message, service, why, sinceMs, reason } of fresh.slice(0, linesAtMost)) {
    const since = new Date(sinceMs).toISOString();
    log({
      level: "error",
      message: "an order does not go on",
      orderId,
      waitsFor: message,
      at: service,
      why,
      reason,
      since,
    });
  }
  if (fresh.length > linesAtMost)
    log({ level: "error", message: "more orders do not go on", count: fresh.length - linesAtMost });
  const ids = new Set(now.map(({ orderId }) => orderId));
  const gone = [...before.keys()].filter((orderId) => !ids.has(orderId));
  if (gone.length > 0) log({ level: "info", message: "orders go on again", count: gone.length, first: gone[0] });
}

/** In Prometheus' text format: how many, by message and service. */
export function renderStuck(stuck: readonly StuckOrder[]): string {
  const counts = new Map<string, number>();
  for (const { message, service, why } of stuck) {
    const labels = `message="${message}",waits_at="${service}",why="${why}"`;
    counts.set(labels, (counts.get(labels) ?? 0) + 1);
  }
  const lines = [...counts].map(([labels, count]) => `orderwright_stuck_orders{service="intake",${labels}} ${count}`);
  const head = [
    "# HELP orderwright_stuck_orders Orders that do not go on, by the message and the service that they wait for",
    "# TYPE orderwright_stuck_orders gauge",
  ];
  return `${[...head, ...lines].join("\n")}\n`;
}
