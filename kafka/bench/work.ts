// One row's work, on the runtime that runs it: what librdkafka-limit.c does, through our typed surface.
//
//   work.ts produce|consume BROKERS TOPIC MESSAGES VALUE_BYTES HEADERS
//
// Prints one JSON line: {"messages":N,"wallMs":N,"cpuMs":N}.
import process from "node:process";
import { BATCH, type Cost, GIVE_UP_MS, startClocks } from "./clocks.ts";
import { openPollLoop } from "../poll-loop.ts";
import type { OutgoingMessage } from "../outgoing-message.ts";
import { openProducer } from "../producer.ts";
import { baseProperties, consumerSettings, producerSettings } from "../settings.ts";

const [, , what, brokers = "", topic = "", messagesText, valueBytesText, headersText] = process.argv;
const messages = Number(messagesText);
const properties = baseProperties(brokers);

async function produce(): Promise<Cost> {
  const settings = producerSettings(properties, { lingerMs: 1, deliveryTimeoutMs: GIVE_UP_MS }, { missing: {} });
  const producer = await openProducer(settings);
  const value = Buffer.alloc(Number(valueBytesText), "x");
  const headers = Object.fromEntries(
    Array.from({ length: Number(headersText) }, (_, i) => [`header-${i}`, "application/cloudevents+json"]),
  );
  const message = (n: number): OutgoingMessage => ({
    topic,
    key: `0190b5d0-0000-7000-8000-${String(n).padStart(12, "0")}`,
    value,
    headers,
  });
  const send = async (from: number, to: number) => {
    const batch = Array.from({ length: to - from }, (_, i) => message(from + i));
    const { failed } = await producer.send(batch);
    if (failed[0]) throw failed[0].error;
  };
  await send(0, 1); // fetches metadata and the producer's id: the clocks start after it
  const stop = startClocks();
  // As the relay does: the next batch when the reports of this one are in.
  for (let sent = 1; sent < messages; sent += BATCH) await send(sent, Math.min(sent + BATCH, messages));
  const cost = stop();
  await producer.close();
  return cost;
}

async function consume(): Promise<Cost> {
  const stop = startClocks();
  const loop = await openPollLoop({
    settings: consumerSettings(properties, { groupId: `bench-${process.pid}` }),
    topics: [topic],
    onAssign: async (partitions) => partitions.map((partition) => ({ ...partition, offset: "earliest" })),
    onRevoke: async () => {},
    onLost: async () => {},
    onPollOverdue: () => {},
    onCommitFailed: () => {},
  });
  const giveUpAt = performance.now() + GIVE_UP_MS;
  let startedAt = 0;
  let bytes = 0;
  for (let seen = 0; seen < messages;) {
    const batch = await loop.poll(BATCH, 100);
    if (seen === 0 && batch.length > 0) startedAt = performance.now(); // joining the group is not what is measured
    for (const { value } of batch) bytes += value?.length ?? 0;
    seen += batch.length;
    if (performance.now() > giveUpAt) throw new Error(`gave up with ${seen} of ${messages} messages`);
  }
  const cost = { ...stop(), wallMs: performance.now() - startedAt };
  if (bytes !== messages * Number(valueBytesText)) throw new Error(`${bytes} bytes arrived`);
  await loop.close();
  return cost;
}

const cost = what === "produce" ? await produce() : await consume();
console.log(JSON.stringify({ messages, ...cost }));
