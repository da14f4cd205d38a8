import { migrations } from "#db/payment/migrations.ts";
import { runMain } from "../run-main.ts";
import { paymentHandler } from "./handlers.ts";
import { createPaymentApp } from "./http.ts";
import { paymentKeeping } from "./keeping.ts";
import { paymentRecovery } from "./recovery.ts";

await runMain(
  "payment",
  () => undefined,
  () => ({
    migrations,
    handler: paymentHandler,
    recovery: paymentRecovery,
    keeping: paymentKeeping,
    createApp: createPaymentApp,
  }),
);
