import type { Hono } from "hono";
import type { BatchHandler, Outgoing } from "#bus/batch-handler.ts";
import { outboxMessage } from "#bus/relay/outbox-messages.ts";
import type { Bus } from "#bus/start-bus.ts";
import type { EventType } from "#contracts/events.ts";
import type { Service } from "#contracts/topics.ts";
import { migrations as intake } from "#db/intake/migrations.ts";
import type { Migration } from "#db/migrate.ts";
import type { Store } from "#db/open-store.ts";
import { migrations as order } from "#db/order/migrations.ts";
import { migrations as payment } from "#db/payment/migrations.ts";
import { migrations as stock } from "#db/stock/migrations.ts";
import type { EnvironmentReader } from "#workers/environment.ts";
import { createServiceApp, type ServiceAppOptions } from "#workers/http/service-app.ts";
import { countInFlight } from "#workers/intake/accepted-orders.ts";
import { createAdmission } from "#workers/intake/admission.ts";
import { createAskGoods } from "#workers/intake/ask-goods.ts";
import { createViewHandler } from "#workers/intake/handlers.ts";
import { createIntakeApp } from "#workers/intake/http.ts";
import { createCancellation } from "#workers/intake/cancel-orders.ts";
import { createOrderNews, type OrderNews } from "#workers/intake/order-news.ts";
import { createOrderPlacement } from "#workers/intake/place-orders.ts";
import { readIntakeSettings } from "#workers/intake/settings.ts";
import { createOrderHandler } from "#workers/order/handlers.ts";
import { readOrderSettings } from "#workers/order/settings.ts";
import { paymentHandler } from "#workers/payment/handlers.ts";
import { createPaymentApp } from "#workers/payment/http.ts";
import { stockHandler } from "#workers/stock/handlers.ts";
import { createStockApp } from "#workers/stock/http.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import type { Writes } from "./write.ts";

export interface AppParts extends ServiceAppOptions {
  readonly store: Store;
  readonly write: Writes["write"];
  readonly signal: AbortSignal;
}

/** A service as it is shipped, but for what runs it: schema, handler with its pure `decide` and its SQL, HTTP. */
export interface ServiceParts {
  readonly migrations: readonly Migration[];
  readonly handler: BatchHandler;
  createApp(parts: AppParts): Hono;
}

export function partsOf(service: Service, reader: EnvironmentReader): ServiceParts {
  switch (service) {
    case "intake": {
      const settings = readIntakeSettings(reader);
      const news = createOrderNews();
      const handler = anyHandler(createViewHandler((changes) => news.tell(() => changes)));
      return { migrations: intake, handler, createApp: (parts) => intakeApp(parts, settings, news) };
    }
    case "stock":
      return { migrations: stock, handler: anyHandler(stockHandler), createApp: createStockApp };
    case "order": {
      const handler = anyHandler(createOrderHandler(readOrderSettings(reader)));
      return { migrations: order, handler, createApp: createServiceApp };
    }
    case "payment":
      return { migrations: payment, handler: anyHandler(paymentHandler), createApp: createPaymentApp };
  }
}

/** Which events it takes is checked where its messages are decoded. */
const anyHandler = <K extends EventType>(handler: BatchHandler<K>) => handler as BatchHandler;

const never = new AbortController().signal;

/** Without group commit: a group is what came while the last one committed, and the next order comes only after that. */
function intakeApp(parts: AppParts, settings: ReturnType<typeof readIntakeSettings>, news: OrderNews): Hono {
  const { store } = parts;
  const admission = createAdmission({
    ...settings,
    countInFlight: () => store.read(never, countInFlight),
    outboxAgeMs: () => 0,
    refusal: () => undefined,
    nowMs: () => Date.now(),
  });
  const write: Bus["write"] = (signal, work) =>
    parts.write(signal, async (tx, nowMs) => {
      const { result, outbox } = await work(tx, nowMs);
      return { result, outbox: outbox.map((outgoing: Outgoing) => outboxMessage(outgoing, "intake")) };
    });
  const placeOrder = oneAtATime(createOrderPlacement(write, never));
  const cancelOrder = oneAtATime(createCancellation(write, settings, never));
  const askGoods = createAskGoods(undefined, undefined);
  return createIntakeApp({ ...parts, admission, news, placeOrder, cancelOrder, askGoods, stuckOrder: () => undefined });
}
