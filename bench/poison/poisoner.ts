import { setTimeout as delay } from "node:timers/promises";
import { uuidv7 } from "uuidv7";
import { encode, headers } from "#contracts/envelope.ts";
import type { OutgoingMessage } from "#kafka/outgoing-message.ts";
import { openProducer } from "#kafka/producer.ts";
import { baseProperties, producerSettings } from "#kafka/settings.ts";

/** Sends poison to a shop's topics while it works. */
export interface Poisoner {
  /** Until the signal aborts: so many messages a second into each topic that a paid order's messages go through. */
  run(perSecond: number, signal: AbortSignal): Promise<number>;
  close(): Promise<void>;
}

/** Of every message that a paid order is told by. */
const poisoned = ["order.start", "stock.success", "order.created", "payment.request", "payment.success"] as const;
const turnMs = 20;

/** @param isHard also what only a handler can find, see `poison` */
export async function openPoisoner(bootstrapServers: string, isHard: boolean): Promise<Poisoner> {
  const options = { lingerMs: 5, deliveryTimeoutMs: 30_000 };
  const producer = await openProducer(producerSettings(baseProperties(bootstrapServers), options, { missing: {} }));
  let sent = 0;
  return {
    async run(perSecond, signal) {
      const beganMs = performance.now();
      let perTopic = 0;
      while (!signal.aborted) {
        const due = Math.floor(((performance.now() - beganMs) / 1_000) * perSecond);
        const messages: OutgoingMessage[] = [];
        for (; perTopic < due; perTopic += 1) {
          sent += 1;
          for (const topic of poisoned) messages.push(poison(topic, sent, isHard));
        }
        const { failed } = await producer.send(messages);
        if (failed[0]) throw failed[0].error;
        await delay(turnMs);
      }
      return perTopic;
    },
    close: () => producer.close(),
  };
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

/**
 * In turn: no JSON, a broken rule of the schema, a type of nobody, another order's key, no key. Hard ones, at stock: an order
 * that breaks a rule of the store, found by halving its batch, and one that fails for no known reason, tried alone.
 */
function poison(topic: (typeof poisoned)[number], number: number, isHard: boolean): OutgoingMessage {
  const kind = isHard && topic === "order.start" ? number % 7 : number % 5;
  const orderId = kind < 5 ? uuidv7() : uuidv7().replace(/^.{15}/, kind === 5 ? breaksRule : failsUnknown);
  const data = { customerId: "c-0001", currency: "GBP", lines: [{ productId: "p-0001", quantity: 1 }] };
  const { key, value } = encode({ type: "order.start", orderId, atMs: 1, data }, "intake");
  const text = new TextDecoder().decode(value).replaceAll("order.start", topic);
  const common = { topic, key, headers: headers(null) };
  switch (kind) {
    case 0:
      return { ...common, value: new Uint8Array([0xff, 0x00, 0x7b]) };
    case 1:
      return { ...common, value: text.replace(/"data":.*$/, '"data":{}}') };
    case 2:
      return { ...common, value: text.replace(`"type":"${topic}"`, '"type":"order.begin"') };
    case 3:
      return { ...common, value: text.replace(/"subject":"[^"]*"/, '"subject":"nobody"') };
    case 4:
      return { topic, key: null, value: text };
    default:
      return { ...common, value: text };
  }
}
