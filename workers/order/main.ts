import { count } from "#bus/metrics.ts";
import { migrations } from "#db/order/migrations.ts";
import { createServiceApp } from "../http/service-app.ts";
import { runMain } from "../run-main.ts";
import { runDeadlines } from "./deadlines.ts";
import { createOrderHandler } from "./handlers.ts";
import { orderKeeping } from "./keeping.ts";
import { createOrderRecovery } from "./recovery.ts";
import { readOrderSettings } from "./settings.ts";

/** What says that an order needs no deadline any more. */
const verdicts = ["payment.success", "order.cancel"] as const;

await runMain("order", readOrderSettings, (settings) => ({
  migrations,
  handler: createOrderHandler(settings),
  recovery: createOrderRecovery(settings),
  keeping: orderKeeping,
  createApp: createServiceApp,
  background: ({ bus, busMetrics, signal, log }) =>
    runDeadlines({
      write: bus.write,
      settings,
      intervalMs: settings.deadlineCheckMs,
      perSecond: settings.deadlinesPerSecond,
      catchUp: () => bus.catchUp(verdicts),
      isBehind: () => busMetrics.waitingSinceMs !== 0 || bus.refusal() !== undefined,
      signal,
      log,
      onDecided: (outcomes) => outcomes.forEach((outcome) => count(busMetrics.outcomes, outcome)),
    }),
}));
