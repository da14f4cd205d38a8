// For tests only.
import process from "node:process";
import { startTestBroker } from "#bus/testing.ts";
import { deadLetterTopic, type Service, topics } from "#contracts/topics.ts";
import { apacheKafkaUnavailable } from "#kafka/apache-kafka/jars.ts";
import { type ApacheKafka, startApacheKafka } from "#kafka/apache-kafka/start.ts";
import { startAclBroker } from "./acl-broker.ts";

export type BrokerName = "the embedded broker" | "Apache Kafka" | "Apache Kafka with ACLs";

/** A broker with all topics, which ends with this process. */
export interface Broker {
  /** Where tests get in, who may do everything. */
  readonly bootstrapServers: string;
  /** What a service is told to get in; nothing where all may. */
  loginOf(service: Service): Readonly<Record<string, string>>;
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

/** Null where this broker can be run. */
export function brokerUnavailable(name: BrokerName): Promise<string | null> {
  return name === "the embedded broker" ? Promise.resolve(null) : apacheKafkaUnavailable();
}

export function startBroker(name: BrokerName): Promise<Broker> {
  if (name === "the embedded broker") return startEmbedded();
  return name === "Apache Kafka" ? startKafka() : startWithAcls();
}

async function startEmbedded(): Promise<Broker> {
  let broker = await startTestBroker();
  return {
    bootstrapServers: broker.bootstrapServers,
    loginOf: () => ({}),
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
  return brokerOf(broker, (service) => broker.loginOf(service));
}

function brokerOf(kafka: ApacheKafka, loginOf: Broker["loginOf"]): Broker {
  return {
    bootstrapServers: kafka.bootstrapServers,
    loginOf,
    away: () => kafka.kill9(),
    back: () => kafka.restart(),
    restart: () => kafka.restart(),
    end: () => kafka.stop(),
  };
}
