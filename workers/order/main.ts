import { count } from "#bus/metrics.ts";
import { migrations } from "#db/order/migrations.ts";
import { createServiceApp } from "../http/service-app.ts";
import { runMain } from "../run-main.ts";
import { runDeadlines } from "./deadlines.ts";
import { createOrderHandler } from "./handlers.ts";
import { readOrderSettings } from "./settings.ts";

await runMain("order", readOrderSettings, (settings) => ({
  migrations,
  handler: createOrderHandler(settings),
  createApp: createServiceApp,
  background: ({ bus, busMetrics, signal, log }) =>
    runDeadlines({
      write: bus.write,
      settings,
      intervalMs: settings.deadlineCheckMs,
      signal,
      log,
      onDecided: (outcomes) => outcomes.forEach((outcome) => count(busMetrics.outcomes, outcome)),
    }),
}));
