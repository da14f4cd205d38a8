import { describeSaga } from "./saga-suite.ts";

await describeSaga({ runtime: "Bun", broker: "the embedded broker" });
