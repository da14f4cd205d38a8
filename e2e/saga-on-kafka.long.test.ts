import { describeSaga } from "./saga-suite.ts";

await describeSaga({ runtime: "Bun", broker: "Apache Kafka" });
await describeSaga({ runtime: "Deno", broker: "Apache Kafka" });
