import { migrations } from "#db/payment/migrations.ts";
import { runMain } from "../run-main.ts";
import { paymentHandler } from "./handlers.ts";
import { createPaymentApp } from "./http.ts";

await runMain(
  "payment",
  () => undefined,
  () => ({ migrations, handler: paymentHandler, createApp: createPaymentApp }),
);
