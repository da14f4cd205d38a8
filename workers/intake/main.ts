import type { Hono } from "hono";
import { migrations } from "#db/intake/migrations.ts";
import type { RowUpdate } from "../batch-rows.ts";
import { runMain } from "../run-main.ts";
import type { WorkerParts } from "../start-worker.ts";
import { countInFlight } from "./accepted-orders.ts";
import { createAdmission } from "./admission.ts";
import { createCancellation } from "./cancel-orders.ts";
import type { View } from "./decide.ts";
import { createViewHandler } from "./handlers.ts";
import { createIntakeApp } from "./http.ts";
import { openLive } from "./open-live.ts";
import { createOrderDurations, type OrderDurations } from "./order-durations.ts";
import { createOrderNews, type OrderNews } from "./order-news.ts";
import { createPageApp } from "./page-http.ts";
import { createOrderPlacement } from "./place-orders.ts";
import { type IntakeSettings, readIntakeSettings } from "./settings.ts";

/** A request that was taken is ended, also when the worker is asked to stop. */
const never = new AbortController().signal;

await runMain("intake", readIntakeSettings, (settings) => {
  const durations = createOrderDurations();
  const news = createOrderNews();
  const onSeen = (changes: readonly RowUpdate<View>[]) => {
    durations.observe(changes);
    news.tell(() => changes);
  };
  return {
    migrations,
    handler: createViewHandler(onSeen),
    createApp: (parts) => createApp(parts, settings, durations, news),
    // Orders are taken all the while, and go out when it is back.
    isReadyWithoutBroker: true,
  };
});

function createApp(parts: WorkerParts, settings: IntakeSettings, durations: OrderDurations, news: OrderNews): Hono {
  const { store, bus } = parts;
  const nowMs = () => Date.now();
  const admission = createAdmission({
    ...settings,
    countInFlight: () => store.read(never, countInFlight),
    outboxAgeMs: () => nowMs() - (bus.outbox().oldestAtMs ?? nowMs()),
    nowMs,
  });
  const metrics = () => parts.metrics() + durations.render();
  const placeOrder = createOrderPlacement(bus.write, never, (rows) => {
    news.tell(() => rows.map((after) => ({ before: undefined, after })));
  });
  const cancelOrder = createCancellation(bus.write, settings, never, (changes) => {
    news.tell(() => changes);
  });
  const notReady = () => [...parts.notReady(), ...admission.notReady()];
  const live = openLive({ ...parts, metrics, notReady }, settings, news);
  return createIntakeApp({ ...parts, metrics, admission, news, live, open: createPageApp(), placeOrder, cancelOrder });
}
