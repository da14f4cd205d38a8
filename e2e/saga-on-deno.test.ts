import { describeSaga } from "./saga-suite.ts";

await describeSaga({ runtime: "Deno", broker: "the embedded broker" });
