// For tests only.
import { join } from "node:path";
import { type Service, services } from "#contracts/topics.ts";
import { temporaryFolder } from "#db/temporary-store.ts";
import { storeUrlsIn } from "../cli/audit/stores.ts";
import { type Broker, type BrokerName, brokerUnavailable, startBroker } from "./brokers.ts";
import { emptyRootUnavailable, makeEmptyRoot } from "./empty-root.ts";
import { startStoreServers } from "./store-servers.ts";
import { freePort, type RuntimeName, startWorker, type Worker } from "./worker.ts";

/** What the workers run on. */
export interface Platform {
  readonly runtime: RuntimeName;
  readonly broker: BrokerName;
  /** Where services keep theirs; files if nothing is said. */
  readonly stores?: "files" | "libSQL servers";
}

/** Null where it can be run. */
export async function platformUnavailable({ runtime, broker }: Platform): Promise<string | null> {
  return (runtime === "binaries" ? emptyRootUnavailable() : null) ?? (await brokerUnavailable(broker));
}

export type Environment = Readonly<Record<string, string>>;

/** A broker and the four workers, each a process with a store of its own in a temporary folder. */
export interface Processes {
  readonly storeUrls: Readonly<Record<Service, string>>;
  readonly broker: Broker;
  worker(service: Service): Worker;
  /** What all lives of a service have written. */
  output(service: Service): string;
  /** Starts a service with one more setting, on its port and store, in place of what runs or ran. */
  restart(service: Service, environment?: Environment): Promise<Worker>;
  /** Stops a service, and starts it again when `meanwhile` has done its work on what lies where its store was. */
  restartAfter(service: Service, meanwhile: () => void | Promise<void>): Promise<Worker>;
  /** One more instance of a service, on its store. */
  startSecond(service: Service, environment?: Environment): Promise<Worker>;
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

/** @param environmentOf more settings of a service, asked for at each of its starts */
export async function startProcesses(
  { runtime, broker: brokerName, stores }: Platform,
  environmentOf: (service: Service) => Environment = () => ({}),
): Promise<Processes> {
  const folder = temporaryFolder();
  const isInRoot = runtime === "binaries";
  if (isInRoot) await makeEmptyRoot(folder.path);
  const servers = stores === "libSQL servers" ? await startStoreServers(folder.path) : undefined;
  const storeUrls = servers?.urls ?? storeUrlsIn(isInRoot ? join(folder.path, "data") : folder.path);
  const seenUrls = isInRoot && servers === undefined ? storeUrlsIn("/data") : storeUrls;
  const lives: { readonly service: Service; readonly worker: Worker }[] = [];
  const current = new Map<Service, Worker>();
  const ports = new Map<Service, number>();
  for (const service of services) ports.set(service, await freePort());
  const broker = await startBroker(brokerName);

  async function start(service: Service, port: number, own: Environment): Promise<Worker> {
    const where = { KAFKA_BROKERS: broker.bootstrapServers, STORE_URL: seenUrls[service] };
    const environment = {
      ...environmentOfAll,
      ...where,
      ...broker.settingsOf(service),
      ...environmentOf(service),
      ...own,
    };
    const worker = startWorker({ service, port, runtime, environment, root: folder.path });
    lives.push({ service, worker });
    if (port === ports.get(service)) current.set(service, worker);
    await worker.listening();
    return worker;
  }

  const processes: Processes = {
    storeUrls,
    broker,
    worker(service) {
      const worker = current.get(service);
      if (worker === undefined) throw new Error(`${service} was never started`);
      return worker;
    },
    output: (service) => lives.flatMap((each) => (each.service === service ? [each.worker.output()] : [])).join("--\n"),
    async restart(service, own = {}) {
      const before = processes.worker(service);
      before.signal("SIGTERM");
      await before.ended;
      return start(service, ports.get(service) ?? 0, own);
    },
    async restartAfter(service, meanwhile) {
      const before = processes.worker(service);
      before.signal("SIGKILL");
      await before.ended;
      await meanwhile();
      return start(service, ports.get(service) ?? 0, {});
    },
    startSecond: async (service, own = {}) => start(service, await freePort(), { INSTANCE_ID: `${service}-2`, ...own }),
    async end() {
      lives.forEach(({ worker }) => worker.signal("SIGKILL"));
      await Promise.all(lives.map(({ worker }) => worker.ended));
      await broker.end();
      await servers?.close();
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
