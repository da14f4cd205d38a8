// A process for deliveries.test.ts: Workers that end with batches out, and what is sent meanwhile and after that.
import process from "node:process";
import { Worker } from "node:worker_threads";
import { openProducer } from "../producer.ts";
import { baseProperties, producerSettings } from "../settings.ts";

const WORKERS = 5;
const client = baseProperties(process.argv[2] ?? "");
const settings = producerSettings(client, { lingerMs: 0.5, deliveryTimeoutMs: 20_000 }, { missing: {} });
const producer = await openProducer(settings);
const batch = Array.from({ length: 100 }, (_, i) => ({ topic: "own", key: null, value: `${i}` }));

let failed = 0;
for (let i = 0; i < WORKERS; i++) {
  const worker = new Worker(new URL("deliveries-worker.mjs", import.meta.url), { workerData: process.argv[2] });
  await new Promise((resolve) => worker.once("message", resolve));
  const [result] = await Promise.all([producer.send(batch), worker.terminate()]);
  failed += result.failed.length;
}
const { ends } = await producer.send(batch);
await producer.close();
console.log(`${WORKERS} workers ended, ${failed} failed, own log at ${ends[0]?.offset}`);
