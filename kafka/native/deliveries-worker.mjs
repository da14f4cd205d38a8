// A Worker for deliveries-program.ts that sends batches one after another, until it is ended with some of them out. Plain
// JavaScript: loaders that strip types do not reach into Node 20's Workers.
import { parentPort, workerData } from "node:worker_threads";
import rdkafka from "@confluentinc/kafka-javascript";

const MESSAGES = 100;
const producer = new rdkafka.Producer({ "bootstrap.servers": workerData }, {});
producer.on("event.error", () => {});
const native = producer.getClient();
let id = 0;
let told = 0;
native.openDeliveries(() => {
  sendBatch();
  if (++told === 50) parentPort?.postMessage("sending");
});
producer.connect({}, () => {
  producer.setPollInBackground(true);
  for (let i = 0; i < 5; i++) sendBatch();
});

/** MESSAGES without key or headers, each with the value of no bytes; see kafka/packed-batch.ts. */
function sendBatch() {
  const topic = native.topicNumber("joint");
  const messages = Array.from({ length: MESSAGES }, () => [topic, 0, 0, -1, 0, 0]);
  const textLength = MESSAGES - 1; // what stands between texts
  const numbers = Float64Array.from([id++, MESSAGES, 0, MESSAGES, 0, textLength, textLength, ...messages.flat()]);
  native.producePacked(Buffer.from(numbers.buffer), Buffer.alloc(textLength));
}
