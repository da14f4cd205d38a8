import { migrations } from "#db/stock/migrations.ts";
import { runMain } from "../run-main.ts";
import { stockHandler } from "./handlers.ts";
import { createStockApp } from "./http.ts";
import { stockKeeping } from "./keeping.ts";
import { stockRecovery } from "./recovery.ts";

await runMain(
  "stock",
  () => undefined,
  () => ({
    migrations,
    handler: stockHandler,
    recovery: stockRecovery,
    keeping: stockKeeping,
    createApp: createStockApp,
  }),
);
