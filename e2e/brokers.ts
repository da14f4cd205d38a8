// For tests only.
import process from "node:process";
import { startTestBroker } from "#bus/testing.ts";
import { deadLetterTopic, type Service, topics } from "#contracts/topics.ts";
import { apacheKafkaUnavailable } from "#kafka/apache-kafka/jars.ts";
import { type ApacheKafka, startApacheKafka } from "#kafka/apache-kafka/start.ts";
import { aclBrokerUnavailable, startAclBroker } from "./acl-broker.ts";
import { missing, needs } from "./containers/engine.ts";
import { buildStandIn, redpandaImage, standInImage } from "./containers/images.ts";

export type BrokerName = keyof typeof brokers;

/** A broker with all topics, which ends with this process. */
export interface Broker {
  /** Where tests get in, who may do everything. */
  readonly bootstrapServers: string;
  /** What a service is told to get in, and what this broker asks of it; nothing where it takes all. */
  settingsOf(service: Service): Readonly<Record<string, string>>;
  /** What must be in no log. */
  readonly secrets: readonly string[];
  /** It cannot be reached until `back`, and has then what it had. */
  away(): Promise<void>;
  back(): Promise<void>;
  /** Kills it and starts it on the same port. The embedded one has then forgotten everything. */
  restart(): Promise<void>;
  /** Freezes its process and lets it go on; only the embedded one's is ours. */
  freeze?(): void;
  thaw?(): void;
  end(): Promise<void>;
}

interface Kind {
  /** Null where this broker can be run. */
  unavailable(): Promise<string | null> | null | string;
  start(): Promise<Broker>;
}

const brokers = {
  "the embedded broker": { unavailable: () => null, start: startEmbedded },
  "Apache Kafka": { unavailable: apacheKafkaUnavailable, start: startKafka },
  "Apache Kafka with TLS, SCRAM and ACLs": { unavailable: aclBrokerUnavailable, start: startWithAcls },
  "Redpanda in a container": {
    unavailable: () => missing([needs.engine, () => needs.image(redpandaImage())]),
    start: () => startContained(redpandaImage()),
  },
  "a stand-in for Redpanda in a container": {
    unavailable: () => missing([needs.engine, needs.go]),
    start() {
      buildStandIn();
      return startContained(standInImage);
    },
  },
} satisfies Record<string, Kind>;

/** Null where this broker can be run. */
export async function brokerUnavailable(name: BrokerName): Promise<string | null> {
  return brokers[name].unavailable();
}

export function startBroker(name: BrokerName): Promise<Broker> {
  return brokers[name].start();
}

async function startContained(image: string): Promise<Broker> {
  // Loaded only where it is used: it brings a client of Docker's along.
  const { startRedpanda } = await import("./containers/redpanda.ts");
  // Redpanda's least, and Apache Kafka's, if it is not told otherwise.
  return brokerOf(await startRedpanda(image), () => ({ KAFKA_SESSION_TIMEOUT_MS: "6000" }));
}

async function startEmbedded(): Promise<Broker> {
  let broker = await startTestBroker();
  return {
    bootstrapServers: broker.bootstrapServers,
    settingsOf: () => ({}),
    secrets: [],
    away: () => broker.down(),
    back: () => broker.up(),
    freeze: () => void process.kill(broker.pid, "SIGSTOP"),
    thaw: () => void process.kill(broker.pid, "SIGCONT"),
    async restart() {
      await broker.kill9();
      broker = await startTestBroker(broker.port);
    },
    end: () => broker.kill9(),
  };
}

async function startKafka(): Promise<Broker> {
  const origins = Object.values(topics);
  return brokerOf(await startApacheKafka({ topics: [...origins, ...origins.map(deadLetterTopic)] }), () => ({}));
}

async function startWithAcls(): Promise<Broker> {
  const broker = await startAclBroker();
  return { ...brokerOf(broker, (service) => broker.loginOf(service)), secrets: broker.passwords };
}

function brokerOf(
  kafka: Pick<ApacheKafka, "bootstrapServers" | "kill9" | "restart" | "stop">,
  settingsOf: Broker["settingsOf"],
): Broker {
  return {
    bootstrapServers: kafka.bootstrapServers,
    settingsOf,
    secrets: [],
    away: () => kafka.kill9(),
    back: () => kafka.restart(),
    restart: () => kafka.restart(),
    end: () => kafka.stop(),
  };
}
