// A process for errors.test.ts: throws in callbacks of every kind, notes what comes out as an uncaught exception, and shows
// that the clients go on. Prints one JSON object.
import process from "node:process";
import {
  type ClientError,
  close,
  CODES,
  type Consumer,
  done,
  newConsumer,
  newProducer,
  openConsumer,
  openProducer,
  type Place,
  type Producer,
  type Report,
  until,
} from "./clients.ts";

const [, , servers = "", topic = ""] = process.argv;

const uncaught: string[] = [];
process.on("uncaughtException", (error) => uncaught.push(error.message));
const findings: Record<string, unknown> = {};

/** What was uncaught since the last call. */
const taken = () => uncaught.splice(0);

const producer = await inConnecting();
await inReports(producer);
const consumer = await inRebalances();
await inConsuming(consumer);
await inClosing(producer, consumer);
console.log(JSON.stringify(findings));

async function inConnecting(): Promise<Producer> {
  const first = newProducer(servers);
  let called = false;
  first.on("ready", () => {
    throw new Error("in ready");
  });
  first.connect({}, () => (called = true));
  await until(() => uncaught.length > 0);
  findings["ready"] = [taken(), first.isConnected(), called];
  await close(first);

  const second = newProducer(servers);
  second.connect({}, () => {
    throw new Error("in connect");
  });
  await until(() => uncaught.length > 0);
  findings["connect"] = [taken(), second.isConnected()];
  await close(second);
  return openProducer(servers, { "linger.ms": 20 });
}

async function inReports(producer: Producer): Promise<void> {
  const seen: unknown[] = [];
  producer.on("delivery-report", (_: unknown, { opaque }: Report) => {
    seen.push(opaque);
    if (opaque !== "b") throw new Error(`in report ${String(opaque)}`);
  });
  for (const name of ["a", "b", "c"]) producer.produce(topic, 0, Buffer.from(name), null, undefined, name);
  await until(() => seen.length === 3);
  findings["reports"] = [taken(), seen];
  producer.flush(5_000, () => {
    throw new Error("in flush");
  });
  await until(() => uncaught.length > 0);
  findings["flush"] = taken();
}

async function inRebalances(): Promise<Consumer> {
  let calls = 0;
  const consumer = newConsumer(servers, "errors", {
    rebalance_cb: ({ code }: ClientError, places: Place[]) => {
      calls++;
      if (code === CODES["ERR__ASSIGN_PARTITIONS"]) consumer.assign(places);
      else consumer.unassign();
      throw new Error("in rebalance");
    },
  });
  await done((callback) => consumer.connect({}, callback));
  consumer.subscribe([topic]);
  consumer.consume(1, () => {});
  await until(() => calls > 0 && uncaught.length > 0);
  findings["rebalance"] = [taken(), consumer.assignments().length];
  return consumer;
}

async function inConsuming(consumer: Consumer): Promise<void> {
  const values: string[] = [];
  const consumeOne = () =>
    consumer.consume(1, (_, messages) => {
      if (messages.length === 0) return consumeOne();
      values.push(String(messages[0]?.value));
      if (values.length < 3) consumeOne();
      throw new Error(`in consume ${values.length}`);
    });
  consumeOne();
  await until(() => values.length === 3 && uncaught.length === 3);
  findings["consume"] = [taken(), values];

  const flowing = await openConsumer(servers, "errors-flowing");
  const seen: string[] = [];
  flowing.on("data", ({ value }: { value: Uint8Array }) => {
    seen.push(String(value));
    throw new Error(`in data ${seen.length}`);
  });
  flowing.assign([{ topic, partition: 0, offset: 0 }]);
  flowing.consume();
  await until(() => seen.length === 3 && uncaught.length === 3);
  findings["data"] = [taken(), seen];
  await close(flowing);
}

async function inClosing(producer: Producer, consumer: Consumer): Promise<void> {
  let disconnected = false;
  consumer.on("disconnected", () => (disconnected = true));
  consumer.disconnect(() => {
    throw new Error("in disconnect");
  });
  await until(() => disconnected && uncaught.includes("in disconnect"));
  findings["disconnect"] = taken().includes("in disconnect");
  await close(producer);
}
