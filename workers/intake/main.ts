import type { Hono } from "hono";
import { migrations } from "#db/intake/migrations.ts";
import type { RowUpdate } from "../batch-rows.ts";
import { runMain } from "../run-main.ts";
import type { WorkerParts } from "../start-worker.ts";
import { countInFlight, readUnchanged } from "./accepted-orders.ts";
import { createAdmission } from "./admission.ts";
import { createAskGoods } from "./ask-goods.ts";
import { createCancellation } from "./cancel-orders.ts";
import type { View } from "./decide.ts";
import { createDemoApp } from "./demo-http.ts";
import { createViewHandler } from "./handlers.ts";
import { createIntakeApp } from "./http.ts";
import { openLive } from "./open-live.ts";
import { createOperatorsGateway } from "./operators-http.ts";
import { createOrderCounts } from "./order-counts.ts";
import { createOrderDurations, type OrderDurations } from "./order-durations.ts";
import { createOrderNews, type OrderNews } from "./order-news.ts";
import { createPageApp } from "./page-http.ts";
import { createOrderPlacement } from "./place-orders.ts";
import { intakeKeeping } from "./keeping.ts";
import { intakeRecovery } from "./recovery.ts";
import { type IntakeSettings, readIntakeSettings } from "./settings.ts";
import { serveStuck } from "./watchdog/http.ts";
import { createWatchdog, renderStuck, type Watchdog } from "./watchdog/watchdog.ts";

/** A request that was taken is ended, also when the worker is asked to stop. */
const never = new AbortController().signal;

/** Of one look: with more, the first ones say what is wrong. */
const openAtMost = 5_000;

await runMain("intake", readIntakeSettings, (settings) => {
  const durations = createOrderDurations();
  const news = createOrderNews();
  const onSeen = (changes: readonly RowUpdate<View>[]) => {
    durations.observe(changes);
    news.tell(() => changes);
  };
  let watchdog: Watchdog | undefined;
  return {
    migrations,
    handler: createViewHandler(onSeen),
    recovery: intakeRecovery,
    keeping: intakeKeeping,
    createApp(parts) {
      watchdog = openWatchdog(parts, settings);
      return createApp(parts, settings, { durations, news, watchdog });
    },
    background: async ({ signal }) => watchdog?.run(signal),
    // Orders are taken all the while, and go out when it is back.
    isReadyWithoutBroker: true,
  };
});

function openWatchdog({ store, bus, log }: WorkerParts, settings: IntakeSettings): Watchdog {
  return createWatchdog({
    ...settings,
    readOpen: (sinceMs) => store.read(never, (database) => readUnchanged(database, sinceMs, openAtMost)),
    progress: bus.progress,
    nowMs: () => Date.now(),
    log,
  });
}

interface AppParts {
  readonly durations: OrderDurations;
  readonly news: OrderNews;
  readonly watchdog: Watchdog;
}

function createApp(parts: WorkerParts, settings: IntakeSettings, { durations, news, watchdog }: AppParts): Hono {
  const { store, bus } = parts;
  const nowMs = () => Date.now();
  const counts = createOrderCounts();
  const admission = counts.counted(
    createAdmission({
      ...settings,
      countInFlight: () => store.read(never, countInFlight),
      outboxAgeMs: () => nowMs() - (bus.outbox().oldestAtMs ?? nowMs()),
      refusal: () => bus.refusal()?.message,
      nowMs,
    }),
  );
  if (parts.admin !== undefined) serveStuck(parts.admin, watchdog);
  const metrics = () => parts.metrics() + counts.render() + durations.render() + renderStuck(watchdog.stuck());
  const placeOrder = createOrderPlacement(bus.write, never, (rows) => {
    counts.accepted(rows.length);
    news.tell(() => rows.map((after) => ({ before: undefined, after })));
  });
  const cancelOrder = createCancellation(bus.write, settings, never, (changes) => {
    news.tell(() => changes);
  });
  const notReady = () => [...parts.notReady(), ...admission.notReady()];
  const live = openLive({ ...parts, metrics, notReady }, settings, news);
  const stuckOrder = watchdog.of;
  const open = createPageApp();
  const { demoControlUrl, serviceUrls: urls } = settings;
  const own = (request: Request) => app.fetch(request);
  open.route("/operators", createOperatorsGateway({ token: parts.adminToken, urls, own }));
  const demo = demoControlUrl === undefined ? undefined : createDemoApp(demoControlUrl);
  const askGoods = createAskGoods(urls.stock, parts.bearerToken);
  const shown = { live, open, demo, stuckOrder, askGoods };
  const app = createIntakeApp({ ...parts, ...shown, metrics, admission, news, placeOrder, cancelOrder });
  return app;
}
