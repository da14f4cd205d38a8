// A Worker for event-loop-program.ts that has a live client, with a native call under way, and ends only when it is ended.
// Plain JavaScript: loaders that strip types do not reach into Node 20's Workers.
import { parentPort, workerData } from "node:worker_threads";
import rdkafka from "@confluentinc/kafka-javascript";

const consumer = new rdkafka.KafkaConsumer({ "bootstrap.servers": workerData, "group.id": "worker" }, {});
consumer.connect({}, () => {
  consumer.subscribe(["joint"]);
  consumer.setDefaultConsumeTimeout(3_000);
  consumer.consume(1_000, () => {});
  parentPort?.postMessage("consuming");
});
