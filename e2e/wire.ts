// For tests only.
import type { EventType } from "#contracts/events.ts";
import { headers } from "#contracts/envelope.ts";
import { groups, type Service, topics } from "#contracts/topics.ts";
import type { OutgoingMessage } from "#kafka/outgoing-message.ts";
import { openProducer } from "#kafka/producer.ts";
import { baseProperties, producerSettings } from "#kafka/settings.ts";
import { until } from "#kafka/testing.ts";
import type { PublishedMessage, StoresReader } from "./agreement.ts";

const serviceOf: Readonly<Record<string, Service>> = {
  [groups.view]: "intake",
  [groups.stock]: "stock",
  [groups.order]: "order",
  [groups.payment]: "payment",
};

/** As its writer published it; the key chooses the same partition. */
export function republished({ topic, key, value, traceparent }: PublishedMessage): OutgoingMessage {
  return { topic, key, value, headers: headers(traceparent) };
}

/** Sends messages, and resolves when every group that reads them has decided them: its store's offsets are past them. */
export async function sendAndAwaitReaders(
  bootstrapServers: string,
  stores: StoresReader,
  messages: readonly OutgoingMessage[],
): Promise<void> {
  const client = baseProperties(bootstrapServers);
  const producer = await openProducer(
    producerSettings(client, { lingerMs: 0, deliveryTimeoutMs: 10_000 }, { missing: {} }),
  );
  try {
    const { ends, failed } = await producer.send(messages);
    if (failed[0]) throw failed[0].error;
    for (const { topic, partition, offset } of ends) {
      for (const group of topics[topic as EventType].readers) {
        const service = serviceOf[group];
        if (service === undefined) throw new Error(`${group} is no group of ours`);
        await until(`${group} to read ${topic}/${partition} to ${offset}`, async () => {
          return ((await stores.positions(service)).get(`${topic}/${partition}`) ?? 0) >= offset;
        });
      }
    }
  } finally {
    await producer.close();
  }
}
