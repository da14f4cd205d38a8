// What work.ts does, through upstream's own API and nothing of our typed surface: for upstream's own build on Node.
//
//   upstream-work.ts produce|consume BROKERS TOPIC MESSAGES VALUE_BYTES HEADERS
import rdkafka, { type Message } from "@confluentinc/kafka-javascript";
import process from "node:process";
import { BATCH, GIVE_UP_MS, startClocks } from "./clocks.ts";
import { baseProperties, consumerSettings, producerSettings } from "../settings.ts";

const [, , what, brokers = "", topic = "", messagesText, valueBytesText, headersText] = process.argv;
const messages = Number(messagesText);
const properties = baseProperties(brokers);

async function produce() {
  const settings = producerSettings(properties, { lingerMs: 1, deliveryTimeoutMs: GIVE_UP_MS }, { missing: {} });
  const producer = new rdkafka.Producer({ ...settings, dr_cb: true }, {});
  await new Promise((resolve) => producer.connect({}, resolve));
  producer.setPollInBackground(true);
  const value = Buffer.alloc(Number(valueBytesText), "x");
  const headers = Array.from({ length: Number(headersText) }, (_, i) => {
    return { [`header-${i}`]: "application/cloudevents+json" };
  });
  let awaited = 0;
  let whenReported = () => {};
  producer.on("delivery-report", (error) => {
    if (error) throw new Error(error.message);
    if (--awaited === 0) whenReported();
  });
  const send = (from: number, to: number) =>
    new Promise<void>((resolve) => {
      awaited = to - from;
      whenReported = resolve;
      for (let n = from; n < to; n++) {
        const key = `0190b5d0-0000-7000-8000-${String(n).padStart(12, "0")}`;
        producer.produce(topic, -1, value, key, undefined, n, headers);
      }
    });
  await send(0, 1);
  const stop = startClocks();
  for (let sent = 1; sent < messages; sent += BATCH) await send(sent, Math.min(sent + BATCH, messages));
  const cost = stop();
  await new Promise<void>((resolve) => producer.disconnect(GIVE_UP_MS, () => resolve()));
  return cost;
}

async function consume() {
  const stop = startClocks();
  const settings = consumerSettings(properties, { groupId: `bench-${process.pid}` });
  const consumer = new rdkafka.KafkaConsumer({ ...settings }, { "auto.offset.reset": "earliest" });
  await new Promise((resolve) => consumer.connect({}, resolve));
  consumer.setDefaultConsumeTimeout(100);
  consumer.setDefaultIsTimeoutOnlyForFirstMessage(true);
  consumer.subscribe([topic]);
  const giveUpAt = performance.now() + GIVE_UP_MS;
  let startedAt = 0;
  let bytes = 0;
  for (let seen = 0; seen < messages;) {
    const batch = await new Promise<readonly Message[]>((resolve) => {
      consumer.consume(BATCH, (_, arrived) => resolve(arrived ?? []));
    });
    if (seen === 0 && batch.length > 0) startedAt = performance.now();
    for (const { value } of batch) bytes += value?.length ?? 0;
    seen += batch.length;
    if (performance.now() > giveUpAt) throw new Error(`gave up with ${seen} of ${messages} messages`);
  }
  const cost = { ...stop(), wallMs: performance.now() - startedAt };
  if (bytes !== messages * Number(valueBytesText)) throw new Error(`${bytes} bytes arrived`);
  await new Promise<void>((resolve) => consumer.disconnect(() => resolve()));
  return cost;
}

const cost = what === "produce" ? await produce() : await consume();
console.log(JSON.stringify({ messages, ...cost }));
