import { randomBytes } from "node:crypto";
import type { WorkerParts } from "../start-worker.ts";
import { countByStatus } from "./accepted-orders.ts";
import { createLive, type Live } from "./live.ts";
import type { OrderNews } from "./order-news.ts";
import { createServiceWatch } from "./service-watch.ts";
import type { IntakeSettings } from "./settings.ts";
import { createWatchedSeconds } from "./watched-seconds.ts";

type Parts = Pick<WorkerParts, "store" | "bearerToken" | "notReady" | "metrics" | "log" | "signal">;

/** What is shown of this intake and its neighbours; ends with the worker. */
export function openLive(parts: Parts, settings: IntakeSettings, news: OrderNews): Live {
  const { store, bearerToken, signal, log } = parts;
  const live = createLive({
    news,
    seconds: createWatchedSeconds(),
    services: createServiceWatch({
      urls: settings.serviceUrls,
      bearerToken,
      own: () => ({ isThere: true, notReady: parts.notReady(), metrics: parts.metrics() }),
    }),
    bootId: randomBytes(6).toString("hex"),
    demo: settings.demoControlUrl !== undefined,
    countInFlight: () => store.read(signal, countByStatus),
    log: (error) => log({ level: "warn", message: "orders in flight cannot be counted", error: String(error) }),
  });
  signal.addEventListener("abort", () => live.stop(), { once: true });
  return live;
}
