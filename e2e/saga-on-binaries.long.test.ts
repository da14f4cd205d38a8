import { describeSaga } from "./saga-suite.ts";

await describeSaga({ runtime: "binaries", broker: "the embedded broker" });
await describeSaga({ runtime: "binaries", broker: "Apache Kafka" });
