import { setTimeout as delay } from "node:timers/promises";
import type { Now } from "#contracts/live.ts";
import { encodeEvent } from "../http/event-stream.ts";
import type { OrderNews } from "./order-news.ts";
import type { ServiceWatch } from "./service-watch.ts";
import type { WatchedSeconds } from "./watched-seconds.ts";

/** What everybody sees who watches: made once a second, for all of them together. */
export interface Live {
  /**
   * The event that comes next for a viewer who has seen the seconds up to `seen`; the ones that it lacks are in it.
   * Undefined when the signal aborted before.
   */
  next(
    seen: number,
    signal: AbortSignal,
  ): Promise<{ readonly seen: number; readonly event: Uint8Array<ArrayBuffer> } | undefined>;
  /** Where a viewer goes on that had the event with this id. */
  resume(lastEventId: string | undefined): number;
  stop(): void;
}

export interface LiveOptions {
  readonly news: Pick<OrderNews, "listen">;
  readonly seconds: WatchedSeconds;
  readonly services: ServiceWatch;
  /** Of the process: after a restart seconds are counted anew. */
  readonly bootId: string;
  readonly demo: boolean;
  readonly countInFlight: () => Promise<Now["inFlight"]>;
  readonly log: (error: unknown) => void;
}

const tickMs = 1_000;
/** The first viewer after a while waits so long for how things stand; a service that hangs must not keep the page blank. */
const firstLookWithinMs = 300;
const encoder = new TextEncoder();

export function createLive(options: LiveOptions): Live {
  const { seconds, services, bootId, demo } = options;
  const leave = options.news.listen((changes) => seconds.observe(changes));
  let viewers = 0;
  let lookedAtMs = 0;
  let inFlight: Now["inFlight"] = { received: 0, created: 0 };
  let turned = Promise.withResolvers<void>();
  /** For the many who have seen all but the last second. */
  let common: Uint8Array<ArrayBuffer> | undefined;

  async function look(): Promise<void> {
    lookedAtMs = Date.now();
    await Promise.all([services.look(), count()]);
  }

  async function count(): Promise<void> {
    try {
      inFlight = await options.countInFlight();
    } catch (error) {
      options.log(error);
    }
  }

  /** Others are asked only while somebody watches, and nobody waits for their answers longer than a turn. */
  function turn(): void {
    seconds.turn(Date.now());
    common = undefined;
    const { resolve } = turned;
    turned = Promise.withResolvers<void>();
    resolve();
    if (viewers > 0) void look();
  }

  const timer = setInterval(turn, tickMs);

  function encode(seen: number): Uint8Array<ArrayBuffer> {
    const last = seconds.last();
    if (seen === last - 1 && common !== undefined) return common;
    const now: Now = {
      atMs: Date.now(),
      inFlight,
      lastMinute: seconds.lastMinute(),
      services: services.states(),
      latest: [...seconds.latest()],
      demo,
    };
    const missed = encodeEvent({ event: "seconds", id: `${bootId}-${last}`, data: seconds.after(seen) });
    const event = encoder.encode(missed + encodeEvent({ event: "now", data: now }));
    if (seen === last - 1) common = event;
    return event;
  }

  return {
    async next(seen, signal) {
      viewers += 1;
      try {
        if (Date.now() - lookedAtMs > 3 * tickMs) await Promise.race([look(), delay(firstLookWithinMs)]);
        if (seen === seconds.last()) await untilTurned(turned.promise, signal);
        if (signal.aborted) return undefined;
        return { seen: seconds.last(), event: encode(seen) };
      } finally {
        viewers -= 1;
      }
    },
    resume(lastEventId) {
      const [boot, number] = (lastEventId ?? "").split("-");
      const seen = boot === bootId ? Number(number) : 0;
      return Number.isInteger(seen) && seen >= 0 && seen <= seconds.last() ? seen : 0;
    },
    stop() {
      clearInterval(timer);
      leave();
    },
  };
}

async function untilTurned(turned: Promise<void>, signal: AbortSignal): Promise<void> {
  const gone = Promise.withResolvers<void>();
  const leave = () => gone.resolve();
  signal.addEventListener("abort", leave, { once: true });
  await Promise.race([turned, gone.promise]);
  signal.removeEventListener("abort", leave);
}
