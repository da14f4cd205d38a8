import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { deadLetterTopic, type Service, services, topics } from "#contracts/topics.ts";
import { totalLimitMinor } from "#data/shop.ts";
import { startApacheKafka } from "#kafka/apache-kafka/start.ts";
import { startEmbeddedBroker } from "#kafka/embedded-broker/start.ts";
import { type StoreUrls, storeUrlsIn } from "../../cli/audit/stores.ts";
import { findDescendant } from "./cpu.ts";
import type { BrokerName, Variant } from "./rows.ts";

/** A broker and four workers, processes on stores in a folder; all die with this process. */
export interface Shop {
  readonly pids: Readonly<Record<Service | "broker", number>>;
  readonly ports: Readonly<Record<Service, number>>;
  readonly storeUrls: StoreUrls;
  readonly bootstrapServers: string;
  /** Throws an Error with a process's last words when one has ended. */
  check(): void;
  /** Kills all: the stores are thrown away. */
  kill(): Promise<void>;
}

export interface ShopOptions {
  readonly variant: Variant;
  readonly broker: BrokerName;
  readonly folder: string;
}

const programs: Readonly<Record<Variant, string>> = {
  batches: fileURLToPath(new URL("../../cli/start/worker-process.ts", import.meta.url)),
  "one by one": fileURLToPath(new URL("../one-by-one/worker-process.ts", import.meta.url)),
};

export async function startShop({ variant, broker: brokerName, folder }: ShopOptions): Promise<Shop> {
  const broker = await startBroker(brokerName);
  const storeUrls = storeUrlsIn(folder);
  const start = (service: Service) =>
    startWorker(service, programs[variant], {
      ...inheritedEnvironment(),
      ORDER_TOTAL_MAX_MINOR: String(totalLimitMinor),
      KAFKA_BROKERS: broker.bootstrapServers,
      STORE_URL: storeUrls[service],
      HTTP_HOST: "127.0.0.1",
      HTTP_PORT: "0",
    });
  const workers = { intake: start("intake"), stock: start("stock"), order: start("order"), payment: start("payment") };
  const kill = async () => {
    await Promise.all(services.map((service) => workers[service].kill()));
    await broker.kill();
  };
  try {
    const [intake, stock, order, payment] = await Promise.all([
      workers.intake.port,
      workers.stock.port,
      workers.order.port,
      workers.payment.port,
    ]);
    const { pid: intakePid } = workers.intake;
    const pids = { stock: workers.stock.pid, order: workers.order.pid, payment: workers.payment.pid };
    return {
      pids: { intake: intakePid, ...pids, broker: broker.pid },
      ports: { intake, stock, order, payment },
      storeUrls,
      bootstrapServers: broker.bootstrapServers,
      check: () => services.forEach((service) => workers[service].check()),
      kill,
    };
  } catch (error) {
    await kill();
    throw error;
  }
}

/** All but what would make the compared runs differ from the defaults. */
function inheritedEnvironment() {
  const ours = /^(KAFKA_|RELAY_|BACKOFF_|STORE_|HTTP_|ORDERS_|OUTBOX_|WATCH_|TAKEOVER_|UNKNOWN_|ORDER_|INSTANCE_ID)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}

async function startBroker(name: BrokerName) {
  const specs = Object.values(topics).flatMap((topic) => [topic, deadLetterTopic(topic)]);
  if (name === "embedded") {
    const { bootstrapServers, pid, kill9 } = await startEmbeddedBroker({ topics: specs });
    return { bootstrapServers, pid, kill: kill9 };
  }
  const { bootstrapServers, stop } = await startApacheKafka({ topics: specs });
  return { bootstrapServers, pid: findDescendant(process.pid, "java"), kill: stop };
}

interface Worker {
  readonly pid: number;
  /** Of its HTTP, once it listens. */
  readonly port: Promise<number>;
  check(): void;
  kill(): Promise<void>;
}

const linesKept = 20;

function startWorker(service: Service, program: string, environment: NodeJS.ProcessEnv): Worker {
  const child: ChildProcess = spawn(process.execPath, [program, service], {
    env: environment,
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin?.on("error", () => {});
  const lastLines: string[] = [];
  let end: string | undefined;
  const died = () => new Error([`${service} has ended (${end})`, ...lastLines].join("\n  "));
  const listening = Promise.withResolvers<number>();
  listening.promise.catch(() => undefined); // whoever waits for it is told
  const ended = new Promise<void>((resolve) => {
    child.once("error", (error) => (end = error.message));
    child.once("close", (code, signal) => {
      end ??= signal ?? `status ${code}`;
      listening.reject(died());
      resolve();
    });
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) throw new Error("a worker without output");
    createInterface({ input: stream }).on("line", (line) => {
      lastLines.push(line);
      if (lastLines.length > linesKept) lastLines.shift();
      const port = /"message":"listening".*"port":(\d+)/.exec(line)?.[1];
      if (port !== undefined) listening.resolve(Number(port));
    });
  }
  return {
    pid: child.pid ?? 0,
    port: listening.promise,
    check() {
      if (end !== undefined) throw died();
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** The file of a service's store in a run's folder. */
export const storePathIn = (folder: string, service: Service) => join(folder, `${service}.db`);
