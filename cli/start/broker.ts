import process from "node:process";
import { sleep } from "#bus/back-off.ts";
import { deadLetterTopic, topics } from "#contracts/topics.ts";
import { openAdmin } from "#kafka/admin.ts";
import { startApacheKafka } from "#kafka/apache-kafka/start.ts";
import { startEmbeddedBroker } from "#kafka/embedded-broker/start.ts";
import { clientSettings } from "#kafka/settings.ts";
import type { TopicSpec } from "#kafka/topic-spec.ts";
import type { BrokerChoice } from "./options.ts";
import { StartError } from "./start-error.ts";

export interface Broker {
  readonly brokers: string;
  /** What a person should know of it. */
  readonly notice: string;
  stop(): Promise<void>;
  /** Ends its process, which is then started again; not for a broker that is not ours. */
  end?(signal: "SIGTERM" | "SIGKILL"): void;
}

const specs: readonly TopicSpec[] = Object.values(topics).flatMap((topic) => [topic, deadLetterTopic(topic)]);

/**
 * Starts the broker that was chosen, or asks the one that runs; the topics of the contracts are there when it resolves.
 * @throws StartError
 */
export async function startBroker(
  choice: BrokerChoice,
  environment: Readonly<Record<string, string | undefined>>,
  say: (text: string) => void,
): Promise<Broker> {
  try {
    if (choice.kind === "embedded") return await keepEmbedded(choice.port, say);
    if (choice.kind === "kafka") {
      const { bootstrapServers, stop } = await startApacheKafka({ topics: specs });
      return { brokers: bootstrapServers, notice: `Apache Kafka at ${bootstrapServers}, in a temporary folder`, stop };
    }
    return await useGiven(choice.brokers, environment);
  } catch (error) {
    throw new StartError(`the broker: ${(error as Error).message}`, { cause: error });
  }
}

const lookEveryMs = 250;

/** Runs the embedded broker and starts it again when it has ended: workers then publish again what was not read by all. */
async function keepEmbedded(port: number, say: (text: string) => void): Promise<Broker> {
  const startOne = () => startEmbeddedBroker({ port, topics: specs });
  let current = await startOne();
  const stopping = new AbortController();
  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      await sleep(lookEveryMs, stopping.signal);
      if (stopping.signal.aborted || isRunning(current.pid)) continue;
      say("the embedded broker has ended, and all messages with it; it is started again");
      try {
        current = await startOne();
        say("the embedded broker is back");
      } catch (error) {
        say((error as Error).message);
      }
    }
  }
  const watching = watch();
  const { bootstrapServers: brokers, notice } = current;
  return {
    brokers,
    notice,
    end: (signal) => void process.kill(current.pid, signal),
    async stop() {
      stopping.abort(new Error("stopping"));
      await watching;
      await current.stop();
    },
  };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function useGiven(brokers: string, environment: Readonly<Record<string, string | undefined>>): Promise<Broker> {
  const admin = await openAdmin(clientSettings({ ...environment, KAFKA_BROKERS: brokers }, { missing: {} }));
  try {
    const { created, differences } = await admin.ensureTopics(specs);
    const made = created.length === 0 ? "" : `, ${created.length} topics created`;
    const notice = [`the broker at ${brokers}${made}`, ...differences.map((each) => `  careful: ${each}`)].join("\n");
    return { brokers, notice, stop: async () => {} };
  } finally {
    await admin.close();
  }
}
