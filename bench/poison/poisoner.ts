import { once } from "node:events";
import { uuidv7 } from "uuidv7";
import { headersOf } from "#bus/batch/records.ts";
import type { EventType } from "#contracts/events.ts";
import type { OutgoingMessage } from "#kafka/outgoing-message.ts";
import { OutOfRangeError } from "#kafka/out-of-range.ts";
import { openPollLoop } from "#kafka/poll-loop.ts";
import { openProducer } from "#kafka/producer.ts";
import { baseProperties, consumerSettings, producerSettings } from "#kafka/settings.ts";
import type { KafkaMessage } from "#kafka/upstream.ts";

/** Reads along with a shop's services, and sends poison into the flow of their messages. */
export interface Poisoner {
  /**
   * Until the signal aborts: after each hundredth message of each topic that a paid order's messages go through, one made of
   * it; or a copy of it, which harms nobody.
   */
  follow(kind: "poison" | "copies", signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Of every message that a paid order is told by. */
const poisoned = ["order.start", "stock.success", "order.created", "payment.request", "payment.success"] as const;
const every = 100;
const waitMs = 100;

/** @param isHard also what only a handler can find, see `poisonOf` */
export async function openPoisoner(bootstrapServers: string, isHard: boolean): Promise<Poisoner> {
  const client = baseProperties(bootstrapServers);
  // At once: what is made of a message comes with the next of its own burst, not by itself some time later.
  const options = { lingerMs: 0, deliveryTimeoutMs: 30_000 };
  const producer = await openProducer(producerSettings(client, options, { missing: {} }));
  const loop = await openReader(client);
  const seen = new Map<string, number>();
  let following: "poison" | "copies" | undefined;
  let sent = 0;
  let isClosing = false;

  function answerTo(message: KafkaMessage): readonly OutgoingMessage[] {
    const count = (seen.get(message.topic) ?? 0) + 1;
    seen.set(message.topic, count);
    if (following === undefined || count % every !== 0) return [];
    sent += 1;
    return [following === "poison" ? poisonOf(message, sent, isHard) : copyOf(message)];
  }

  async function read(): Promise<void> {
    while (!isClosing) {
      const messages = await loop.poll(1_000, waitMs).catch((error: unknown) => {
        if (error instanceof OutOfRangeError) return []; // the broker forgets what its services have read
        throw error;
      });
      const { failed } = await producer.send(messages.flatMap(answerTo));
      if (failed[0]) throw failed[0].error;
    }
  }

  // It reads in the phases without poison too: what that costs the machine is the same in all.
  const reading = read();
  reading.catch(() => {}); // whoever follows is told
  return {
    async follow(kind, signal) {
      following = kind;
      await Promise.race([signal.aborted || once(signal, "abort"), reading]);
      following = undefined;
    },
    async close() {
      isClosing = true;
      await reading;
      await loop.close();
      await producer.close();
    },
  };
}

function openReader(client: ReturnType<typeof baseProperties>) {
  return openPollLoop({
    settings: { ...consumerSettings(client, { groupId: "bench-poison" }), "auto.offset.reset": "latest" },
    topics: poisoned,
    onAssign: (partitions) => Promise.resolve(partitions.map((partition) => ({ ...partition, offset: "earliest" }))),
    onRevoke: () => Promise.resolve(),
    onLost: () => Promise.resolve(),
    onPollOverdue: () => {},
    onCommitFailed: () => {},
  });
}

/** What the handler of `order.start` cannot take: stores refuse these orders by `refusals`. Times that no order of ours has. */
const breaksRule = "00000000-0000-7";
const failsUnknown = "00000000-0001-7";

/** For the store of stock: a rule of the schema that an order breaks, and an error that nobody knows. */
export const refusals: readonly string[] = [
  `CREATE TRIGGER breaks_rule BEFORE INSERT ON orders WHEN NEW.order_id BETWEEN '${breaksRule}' AND '${breaksRule}~'
    BEGIN SELECT RAISE(ABORT, 'a rule that it breaks'); END`,
  `CREATE TRIGGER fails_unknown BEFORE INSERT ON orders WHEN NEW.order_id BETWEEN '${failsUnknown}' AND '${failsUnknown}~'
    BEGIN SELECT json('no JSON'); END`,
];

const copyOf = (message: KafkaMessage): OutgoingMessage => {
  return { topic: message.topic, key: message.key, value: message.value, headers: headersOf(message) };
};

/**
 * In turn: no JSON, no data, a type of nobody, another order's key, no key. Hard ones, at stock: an order that breaks a rule
 * of the store, found by halving its batch, and one that fails for no known reason, tried alone.
 */
function poisonOf(message: KafkaMessage, number: number, isHard: boolean): OutgoingMessage {
  const topic = message.topic as EventType;
  const kind = isHard && topic === "order.start" ? number % 7 : number % 5;
  const text = Buffer.from(message.value ?? "").toString();
  const good = copyOf(message);
  switch (kind) {
    case 0:
      return { ...good, value: new Uint8Array([0xff, 0x00, 0x7b]) };
    case 1:
      return { ...good, value: text.replace(/"data":.*$/, '"data":{}}') };
    case 2:
      return { ...good, value: text.replace(`"type":"${topic}"`, '"type":"order.begin"') };
    case 3:
      return { ...good, key: uuidv7() };
    case 4:
      return { ...good, key: null };
    default: {
      const orderId = uuidv7().replace(/^.{15}/, kind === 5 ? breaksRule : failsUnknown);
      return { ...good, key: orderId, value: text.replaceAll(Buffer.from(message.key ?? "").toString(), orderId) };
    }
  }
}
