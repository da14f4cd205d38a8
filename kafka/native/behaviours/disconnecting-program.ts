// A process for disconnecting.test.ts: a flowing consumer disconnects in the first message of many that wait, or before it. Upstream's
// build does not survive the one: disconnecting frees the callback that its loop over the messages goes on calling. Nor the other: what
// waits is never freed, and librdkafka, which is destroyed, waits for it.
import process from "node:process";
import { close, openConsumer, openProducer } from "./clients.ts";

const [, , servers = "", topic = "", when = "in the first"] = process.argv;
const MESSAGES = 200;

const producer = await openProducer(servers);
for (let i = 0; i < MESSAGES; i++) producer.produce(topic, 0, Buffer.from(String(i)));
await close(producer);

const consumer = await openConsumer(servers, "disconnects-in-a-burst");
consumer.assign([{ topic, partition: 0, offset: 0 }]);
let resolve = () => {};
const disconnected = new Promise<void>((settle) => (resolve = settle));
if (when === "in the first") consumer.once("data", () => consumer.disconnect(() => resolve()));
consumer.consume();
// The thread that reads goes on meanwhile, and has a burst ready.
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
if (when === "before") consumer.disconnect(() => resolve());
await disconnected;
console.log("disconnected");
