// A process for event-loop.test.ts: connects clients to a broker and ends in the way that its first argument names.
import process from "node:process";
import { Worker } from "node:worker_threads";
import { closeProducer, openProducer, until } from "../embedded-broker/test-clients.ts";

const [, , way, servers] = process.argv;
const produce = (producer: Awaited<ReturnType<typeof openProducer>>) =>
  producer.produce("joint", 0, Buffer.from("x"), null);

const producer = await openProducer(servers ?? "");

if (way === "disconnect") {
  await closeProducer(producer);
  console.log("disconnected");
}

if (way === "exit") {
  produce(producer);
  console.log("exiting");
  process.exit(7);
}

if (way === "throw") {
  let reports = 0;
  process.on("uncaughtException", (error) => console.log(`uncaught: ${error.message}`));
  producer.on("delivery-report", () => {
    if (++reports === 1) throw new Error("thrown in a report");
  });
  for (let i = 0; i < 3; i++) produce(producer);
  await until(() => reports === 3);
  console.log(`reports: ${reports}`);
  await closeProducer(producer);
}

if (way === "worker") {
  await closeProducer(producer);
  const worker = new Worker(new URL("event-loop-worker.mjs", import.meta.url), { workerData: servers });
  await new Promise((resolve) => worker.once("message", resolve));
  await worker.terminate();
  console.log("worker ended");
}
