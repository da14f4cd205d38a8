// A worker that handles message by message, for the benchmark to compare with: bun worker-process.ts SERVICE.
import process from "node:process";
import { services } from "#contracts/topics.ts";
import { startInstance } from "#db/instances.ts";
import { openStore } from "#db/open-store.ts";
import { clientFeatures } from "#kafka/build/features.mjs";
import { openProducer } from "#kafka/producer.ts";
import { producerSettings } from "#kafka/settings.ts";
import { serve, stopSignal } from "#workers/runtime.ts";
import { jsonLog } from "#workers/start-worker.ts";
import { workerSettings } from "#workers/worker-settings.ts";
import { stopWithParent } from "../../cli/start/stop-with-parent.ts";
import { consume } from "./consume.ts";
import { type Counts, renderCounts } from "./counts.ts";
import { partsOf } from "./services.ts";
import { createWrites } from "./write.ts";

stopWithParent();
const service = services.find((name) => name === process.argv[2]);
if (service === undefined) throw new Error(`give a service: ${services.join(", ")}`);

const { worker, own } = workerSettings(service, process.env, clientFeatures(), (reader) => partsOf(service, reader));
const { client, instanceId, host, bearerToken } = worker;
const signal = stopSignal();
const log = jsonLog(service, instanceId);
const store = await openStore({ ...worker.store, migrations: own.migrations }, signal);
await store.write(signal, (tx) => startInstance(tx, instanceId, Date.now()));
// Nothing to wait for: each produce has the messages of one transaction.
const delivery = { lingerMs: 0, deliveryTimeoutMs: worker.bus.deliveryTimeoutMs };
const producer = await openProducer(producerSettings(client, delivery, { missing: {} }), { signal });
const counts: Counts = { transactions: 0, produces: 0, commits: 0 };
const { write, writeAndPublish } = createWrites({ store, instanceId, producer, counts, onPublishFailed: fail });

const metrics = () => renderCounts(counts);
const app = own.createApp({ store, write, signal, bearerToken, notReady: () => [], metrics, log });
const server = serve({ host, port: worker.port, fetch: (request) => app.fetch(request) });
log({ level: "info", message: "listening", host, port: server.port, store: store.id });
await consume({ handler: own.handler, write: writeAndPublish, store, client, counts, signal }).catch(fail);
process.exit(0);

function fail(error: Error): never {
  process.stderr.write(`${service}: ${error.stack ?? error.message}\n`);
  process.exit(1);
}
