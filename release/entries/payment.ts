import { runServiceBinary } from "../run-binary.ts";

await runServiceBinary("payment", () => import("#workers/payment/main.ts"));
