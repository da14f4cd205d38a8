import { runServiceBinary } from "../run-binary.ts";

await runServiceBinary("intake", () => import("#workers/intake/main.ts"));
