import { describeSaga } from "./saga-suite.ts";

await describeSaga({ runtime: "Bun", broker: "Redpanda in a container" });
// Where no image of Redpanda can be had: the same way to a broker, and nothing about Redpanda.
await describeSaga({ runtime: "Bun", broker: "a stand-in for Redpanda in a container" });
