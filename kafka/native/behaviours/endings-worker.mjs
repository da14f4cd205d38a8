// A Worker for endings-program.ts, with live clients until it ends. Plain JavaScript: loaders that strip types do not reach into
// Node 20's Workers.
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import rdkafka from "@confluentinc/kafka-javascript";

const { servers, topic, ending } = workerData;
const producer = new rdkafka.Producer({ "bootstrap.servers": servers, dr_cb: true }, {});
await new Promise((resolve) => producer.connect({}, resolve));
const consumer = new rdkafka.KafkaConsumer({ "bootstrap.servers": servers, "group.id": `worker-${ending}` }, {});
await new Promise((resolve) => consumer.connect({}, resolve));
consumer.assign([{ topic, partition: 0, offset: 0 }]);
consumer.consume();
producer.setPollInterval(5);
producer.on("delivery-report", () => {
  parentPort?.postMessage("live");
  if (ending === "exit") process.exit(0);
  if (ending === "throw") throw new Error("thrown in a Worker");
  if (ending === "return") producer.disconnect(1000, () => consumer.disconnect(() => {}));
});
producer.produce(topic, 0, Buffer.from("x"), null);
