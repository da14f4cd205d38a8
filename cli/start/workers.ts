import { join } from "node:path";
import { type Service, services } from "#contracts/topics.ts";
import { totalLimitMinor } from "#data/shop.ts";
import { storeUrlsIn } from "../audit/stores.ts";
import { type Addresses, portsOf } from "./addresses.ts";
import type { DataFolder } from "./data-folder.ts";
import { runWorkerProcess, type WorkerProcess } from "./worker.ts";

export interface Workers {
  /** All serve HTTP. @throws StartError */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
  kill(): void;
  /** Ends the process of one, which is then started again. */
  end(service: Service, signal: "SIGTERM" | "SIGKILL"): void;
}

export interface WorkersOptions {
  readonly folder: DataFolder;
  readonly brokers: string;
  /** Whether the broker is the one of this machine, without TLS and passwords. */
  readonly isOurBroker: boolean;
  readonly httpPort: number;
  readonly adminToken: string;
  /** For intake alone. */
  readonly demoUrl: string;
  readonly addresses: Addresses;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly say: (text: string) => void;
}

/** Starts the four workers at once: none waits for another. */
export function startWorkers(options: WorkersOptions): Workers {
  const { folder, addresses, say } = options;
  const workers: WorkerProcess[] = services.map((service) =>
    runWorkerProcess({
      service,
      url: addresses[service],
      environment: environmentOf(service, options),
      logFile: join(folder.logs, `${service}.log`),
      say,
    }),
  );
  return {
    ready: Promise.all(workers.map((worker) => worker.ready)).then(() => undefined),
    stop: async () => void (await Promise.all(workers.map((worker) => worker.stop()))),
    kill: () => workers.forEach((worker) => worker.kill()),
    end: (service, signal) => workers[services.indexOf(service)]?.end(signal),
  };
}

/** A person who tries the shop sees a deadline pass, and why an order does not go on, in seconds. */
const forWatching = { ORDER_DEADLINE_MS: "30000", STUCK_AFTER_MS: "5000", WATCHDOG_INTERVAL_MS: "1000" } as const;

/** What a worker is told: our own environment, but what is each worker's own or the broker's is ours to say. */
function environmentOf(service: Service, options: WorkersOptions) {
  const { folder, brokers, isOurBroker, httpPort, adminToken, addresses, environment } = options;
  const isOthers = (name: string) => isOurBroker && /^KAFKA_(SECURITY_PROTOCOL|SASL_|TLS_)/.test(name);
  const inherited = Object.entries(environment).filter(([name]) => !isOthers(name) && name !== "INSTANCE_ID");
  return {
    ORDER_TOTAL_MAX_MINOR: String(totalLimitMinor),
    ...forWatching,
    ...Object.fromEntries(inherited),
    KAFKA_BROKERS: brokers,
    HTTP_HOST: "127.0.0.1",
    HTTP_PORT: String(portsOf(httpPort)[service]),
    STORE_URL: storeUrlsIn(folder.path)[service],
    ADMIN_TOKEN: adminToken,
    ...neighbours(addresses),
    ...(service === "intake" ? { DEMO_CONTROL_URL: options.demoUrl } : {}),
  };
}

/** For the page that intake serves. */
const neighbours = ({ stock, order, payment }: Addresses) => ({
  STOCK_URL: stock,
  ORDER_URL: order,
  PAYMENT_URL: payment,
});
