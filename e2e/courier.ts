// For tests only.
import { groups, type Service, services, topics } from "#contracts/topics.ts";
import type { EventType } from "#contracts/events.ts";
import { type KafkaProducer, openProducer } from "#kafka/producer.ts";
import { baseProperties, producerSettings } from "#kafka/settings.ts";
import { until } from "#kafka/testing.ts";
import type { PublishedMessage, StoresReader } from "./agreement.ts";
import { type Broker, startBroker } from "./brokers.ts";
import type { Environment } from "./processes.ts";
import { republished } from "./wire.ts";

/** A message on its way to one of those who read it. */
export interface Letter {
  readonly message: PublishedMessage;
  readonly reader: Service;
}

/**
 * Gives each service a broker of its own and carries messages between them, so that a test chooses what reaches whom, when
 * and how often: any order that brokers, outages and stopped workers can bring about.
 */
export interface Courier {
  readonly environmentOf: (service: Service) => Environment;
  /** All letters of these orders, in the order of their publication. */
  letters(orderIds: readonly string[]): Promise<Letter[]>;
  /** Waits until somebody published this message of the order, hands it to one reader, and waits until that one decided it. */
  carry(orderId: string, name: string, reader: Service): Promise<void>;
  /** As `carry`, for a reader that is not there to decide it: it waits at its broker. */
  leave(orderId: string, name: string, reader: Service): Promise<void>;
  /** Hands over letters, each reader's in their order, and waits until all are decided. */
  carryAll(letters: readonly Letter[]): Promise<void>;
  end(): Promise<void>;
}

export async function openCourier(stores: () => StoresReader): Promise<Courier> {
  const brokers = new Map<Service, Broker>();
  const producers = new Map<Service, KafkaProducer>();
  for (const service of services) {
    const broker = await startBroker("the embedded broker");
    brokers.set(service, broker);
    const options = { lingerMs: 0, deliveryTimeoutMs: 20_000 };
    const settings = producerSettings(baseProperties(broker.bootstrapServers), options, { missing: {} });
    producers.set(service, await openProducer(settings));
  }
  async function put(reader: Service, messages: readonly PublishedMessage[]) {
    const { ends, failed } = await required(producers.get(reader)).send(messages.map(republished));
    if (failed[0]) throw failed[0].error;
    return ends;
  }

  async function hand(reader: Service, messages: readonly PublishedMessage[]): Promise<void> {
    const ends = await put(reader, messages);
    await until(`${reader} to decide what it was handed`, async () => {
      const positions = await stores().positions(reader);
      return ends.every(({ topic, partition, offset }) => (positions.get(`${topic}/${partition}`) ?? 0) >= offset);
    });
  }

  async function published(orderId: string, name: string, reader: Service): Promise<PublishedMessage> {
    const [type = "", ...rest] = name.split("/");
    const id = [type, orderId, ...rest].join("/");
    let letter: Letter | undefined;
    await until(`${id} to be published for ${reader}`, async () => {
      letter = (await courier.letters([orderId])).find((each) => each.message.id === id && each.reader === reader);
      return letter !== undefined;
    });
    return required(letter).message;
  }

  const courier: Courier = {
    environmentOf: (service) => ({ KAFKA_BROKERS: required(brokers.get(service)).bootstrapServers }),
    async letters(orderIds) {
      const messages = await stores().messagesOf(orderIds);
      return messages.flatMap((message) => readersOf(message).map((reader) => ({ message, reader })));
    },
    carry: async (orderId, name, reader) => hand(reader, [await published(orderId, name, reader)]),
    leave: async (orderId, name, reader) => void (await put(reader, [await published(orderId, name, reader)])),
    async carryAll(letters) {
      const messagesFor = (service: Service) =>
        letters.filter(({ reader }) => reader === service).map(({ message }) => message);
      await Promise.all(services.map((service) => hand(service, messagesFor(service))));
    },
    async end() {
      for (const producer of producers.values()) await producer.close(0);
      for (const broker of brokers.values()) await broker.end();
    },
  };
  return courier;
}

const serviceOf = new Map<string, Service>([
  [groups.view, "intake"],
  [groups.stock, "stock"],
  [groups.order, "order"],
  [groups.payment, "payment"],
]);

function readersOf({ topic }: PublishedMessage): Service[] {
  return topics[topic as EventType].readers.map((group) => required(serviceOf.get(group)));
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("a part of the test is missing");
  return value;
}
