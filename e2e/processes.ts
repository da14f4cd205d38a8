// For tests only.
import { startTestBroker } from "#bus/testing.ts";
import { type Service, services } from "#contracts/topics.ts";
import { temporaryFolder } from "#db/temporary-store.ts";
import type { EmbeddedBroker } from "#kafka/embedded-broker/start.ts";
import { storeUrlsIn } from "../cli/audit/stores.ts";
import { freePort, startWorker, type Worker } from "./worker.ts";

/** An embedded broker and the four workers, each a process with a store of its own in a temporary folder. */
export interface Processes {
  readonly storeUrls: Readonly<Record<Service, string>>;
  readonly broker: EmbeddedBroker;
  worker(service: Service): Worker;
  /** Starts a service with one more setting, on its port and store, in place of what runs or ran. */
  restart(service: Service, environment?: Readonly<Record<string, string>>): Promise<Worker>;
  /** One more instance of a service, on its store. */
  startSecond(service: Service): Promise<Worker>;
  /** Kills the broker and starts it on the same port: all that it had is gone. */
  restartBroker(): Promise<void>;
  /** Kills all and deletes the stores. */
  end(): Promise<void>;
}

/** Waits short enough for a test. */
const environmentOfAll = {
  KAFKA_SESSION_TIMEOUT_MS: "3000",
  KAFKA_COMMIT_INTERVAL_MS: "20",
  WATCH_INTERVAL_MS: "100",
  BACKOFF_MIN_MS: "20",
  BACKOFF_MAX_MS: "500",
  TAKEOVER_AFTER_MS: "3000",
};

export async function startProcesses(): Promise<Processes> {
  const folder = temporaryFolder();
  const storeUrls = storeUrlsIn(folder.path);
  const started: Worker[] = [];
  const current = new Map<Service, Worker>();
  const ports = new Map<Service, number>();
  for (const service of services) ports.set(service, await freePort());
  let broker = await startTestBroker();

  async function start(service: Service, port: number, own: Readonly<Record<string, string>>): Promise<Worker> {
    const where = { KAFKA_BROKERS: broker.bootstrapServers, STORE_URL: storeUrls[service] };
    const worker = startWorker({ service, port, environment: { ...environmentOfAll, ...where, ...own } });
    started.push(worker);
    if (port === ports.get(service)) current.set(service, worker);
    await worker.listening();
    return worker;
  }

  const processes: Processes = {
    storeUrls,
    get broker() {
      return broker;
    },
    worker(service) {
      const worker = current.get(service);
      if (worker === undefined) throw new Error(`${service} was never started`);
      return worker;
    },
    async restart(service, own = {}) {
      const before = processes.worker(service);
      before.signal("SIGTERM");
      await before.ended;
      return start(service, ports.get(service) ?? 0, own);
    },
    startSecond: async (service) => start(service, await freePort(), { INSTANCE_ID: `${service}-2` }),
    async restartBroker() {
      await broker.kill9();
      broker = await startTestBroker(broker.port);
    },
    async end() {
      started.forEach((worker) => worker.signal("SIGKILL"));
      await Promise.all(started.map(({ ended }) => ended));
      await broker.kill9();
      folder.remove();
    },
  };
  try {
    await Promise.all(services.map((service) => start(service, ports.get(service) ?? 0, {})));
  } catch (error) {
    await processes.end();
    throw error;
  }
  return processes;
}
