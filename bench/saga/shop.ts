import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { deadLetterTopic, type Service, topics } from "#contracts/topics.ts";
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
  /** More settings of all workers. */
  readonly environment?: Readonly<Record<string, string>>;
}

const programs: Readonly<Record<Variant, string>> = {
  batches: fileURLToPath(new URL("../../cli/start/worker-process.ts", import.meta.url)),
  "one by one": fileURLToPath(new URL("../one-by-one/worker-process.ts", import.meta.url)),
};

export async function startShop(options: ShopOptions): Promise<Shop> {
  const { variant, broker: brokerName, folder, environment = {} } = options;
  const broker = await startBroker(brokerName);
  const storeUrls = storeUrlsIn(folder);
  const workers = new Map<Service, Worker>();
  const start = (service: Service, own: Readonly<Record<string, string>> = {}) => {
    const worker = startWorker(service, programs[variant], {
      ...inheritedEnvironment(),
      ORDER_TOTAL_MAX_MINOR: String(totalLimitMinor),
      KAFKA_BROKERS: broker.bootstrapServers,
      STORE_URL: storeUrls[service],
      HTTP_HOST: "127.0.0.1",
      HTTP_PORT: "0",
      ...environment,
      ...own,
    });
    workers.set(service, worker);
    return worker;
  };
  const kill = async () => {
    await Promise.all([...workers.values()].map((worker) => worker.kill()));
    await broker.kill();
  };
  try {
    const others = [start("stock"), start("order"), start("payment")] as const;
    const [stock, order, payment] = await Promise.all([others[0].port, others[1].port, others[2].port]);
    // As in a shop with a page: who watches sees all four.
    const url = (port: number) => `http://127.0.0.1:${port}`;
    const neighbours = { STOCK_URL: url(stock), ORDER_URL: url(order), PAYMENT_URL: url(payment) };
    const first = start("intake", neighbours);
    const intake = await first.port;
    const [stockPid, orderPid, paymentPid] = [others[0].pid, others[1].pid, others[2].pid];
    return {
      pids: { intake: first.pid, stock: stockPid, order: orderPid, payment: paymentPid, broker: broker.pid },
      ports: { intake, stock, order, payment },
      storeUrls,
      bootstrapServers: broker.bootstrapServers,
      check: () => workers.forEach((worker) => worker.check()),
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
