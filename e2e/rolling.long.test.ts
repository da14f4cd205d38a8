import { describeRolling } from "./rolling-suite.ts";

await describeRolling({ runtime: "Bun", broker: "Apache Kafka" });
// Instances on several machines: each reaches its store by URL.
await describeRolling({ runtime: "Bun", broker: "the embedded broker", stores: "libSQL servers" });
