// For tests only.
import { startTestBroker } from "#bus/testing.ts";
import { deadLetterTopic, topics } from "#contracts/topics.ts";
import { apacheKafkaUnavailable } from "#kafka/apache-kafka/jars.ts";
import { startApacheKafka } from "#kafka/apache-kafka/start.ts";

export type BrokerName = "the embedded broker" | "Apache Kafka";

/** A broker with all topics, which ends with this process. */
export interface Broker {
  readonly bootstrapServers: string;
  /** It cannot be reached until `back`, and has then what it had. */
  away(): Promise<void>;
  back(): Promise<void>;
  /** Kills it and starts it on the same port. The embedded one has then forgotten everything. */
  restart(): Promise<void>;
  end(): Promise<void>;
}

/** Null where this broker can be run. */
export function brokerUnavailable(name: BrokerName): Promise<string | null> {
  return name === "Apache Kafka" ? apacheKafkaUnavailable() : Promise.resolve(null);
}

export function startBroker(name: BrokerName): Promise<Broker> {
  return name === "Apache Kafka" ? startKafka() : startEmbedded();
}

async function startEmbedded(): Promise<Broker> {
  let broker = await startTestBroker();
  return {
    bootstrapServers: broker.bootstrapServers,
    away: () => broker.down(),
    back: () => broker.up(),
    async restart() {
      await broker.kill9();
      broker = await startTestBroker(broker.port);
    },
    end: () => broker.kill9(),
  };
}

async function startKafka(): Promise<Broker> {
  const origins = Object.values(topics);
  const kafka = await startApacheKafka({ topics: [...origins, ...origins.map(deadLetterTopic)] });
  return {
    bootstrapServers: kafka.bootstrapServers,
    away: () => kafka.kill9(),
    back: () => kafka.restart(),
    restart: () => kafka.restart(),
    end: () => kafka.stop(),
  };
}
