import { runServiceBinary } from "../run-binary.ts";

await runServiceBinary("stock", () => import("#workers/stock/main.ts"));
