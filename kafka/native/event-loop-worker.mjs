// A Worker for event-loop-program.ts that ends only when it is ended, with native calls under way: one client consumes, others
// connect to nobody. Plain JavaScript: loaders that strip types do not reach into Node 20's Workers.
import { parentPort, workerData } from "node:worker_threads";
import rdkafka from "@confluentinc/kafka-javascript";

const NOBODY = "127.0.0.1:1";

for (let i = 0; i < 5; i++) {
  const producer = new rdkafka.Producer({ "bootstrap.servers": NOBODY }, {});
  producer.on("event.error", () => {});
  producer.connect({ timeout: 3_000 }, () => {});
}
const consumer = new rdkafka.KafkaConsumer({ "bootstrap.servers": workerData, "group.id": "worker" }, {});
consumer.connect({}, () => {
  consumer.subscribe(["joint"]);
  consumer.setDefaultConsumeTimeout(3_000);
  consumer.consume(1_000, () => {});
  parentPort?.postMessage("consuming");
});
