import { runServiceBinary } from "../run-binary.ts";

await runServiceBinary("order", () => import("#workers/order/main.ts"));
