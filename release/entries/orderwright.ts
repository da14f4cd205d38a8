import { runCommandBinary } from "../run-binary.ts";

await runCommandBinary(() => import("../../cli/main.ts"));
