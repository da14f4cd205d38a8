// In which order JavaScript hears of what librdkafka's threads did, and what runs between two calls.
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { type EmbeddedBroker, startEmbeddedBroker } from "../../embedded-broker/start.ts";
import { close, type Consumed, done, newProducer, openConsumer, openProducer, type Report, until } from "./clients.ts";

let broker: EmbeddedBroker;
before(async () => {
  const names = ["reports", "many", "again", "flowing"];
  broker = await startEmbeddedBroker({ topics: names.map((name) => ({ name, partitions: 1, readers: [] })) });
});
after(() => broker.stop());

/** Notes a call, and when what it left to process.nextTick and to a promise runs. */
function noteCall(log: string[], name: string): void {
  log.push(name);
  process.nextTick(() => log.push(`${name} tick`));
  void Promise.resolve()
    .then(() => {})
    .then(() => log.push(`${name} promise`));
}

describe("a burst of calls from the client", () => {
  test("lets process.nextTick and promises run between two delivery reports", async () => {
    const producer = await openProducer(broker.bootstrapServers, { "linger.ms": 50 });
    const log: string[] = [];
    let reports = 0;
    producer.on("delivery-report", (_: unknown, { opaque }: Report) => {
      noteCall(log, String(opaque));
      reports++;
    });
    for (const name of ["a", "b", "c"]) producer.produce("reports", 0, Buffer.from("x"), null, undefined, name);
    await until(() => reports === 3);
    await close(producer);
    assert.deepEqual(
      log,
      ["a", "b", "c"].flatMap((name) => [name, `${name} tick`, `${name} promise`]),
    );
  });

  test("lets process.nextTick and promises run between two messages of a flowing consumer", async () => {
    const producer = await openProducer(broker.bootstrapServers);
    for (const name of ["a", "b", "c"]) producer.produce("flowing", 0, Buffer.from(name));
    await close(producer);
    const consumer = await openConsumer(broker.bootstrapServers, "flowing");
    const log: string[] = [];
    let messages = 0;
    consumer.on("data", ({ value }: Consumed) => {
      noteCall(log, String(value));
      messages++;
    });
    consumer.assign([{ topic: "flowing", partition: 0, offset: 0 }]);
    consumer.consume();
    await until(() => messages === 3);
    await close(consumer);
    assert.deepEqual(
      log,
      ["a", "b", "c"].flatMap((name) => [name, `${name} tick`, `${name} promise`]),
    );
  });

  test("keeps the order of the log: reports of a partition come as it was produced, each once", async () => {
    const producer = await openProducer(broker.bootstrapServers);
    const offsets: number[] = [];
    const opaques: unknown[] = [];
    producer.on("delivery-report", (_: unknown, report: Report) => {
      offsets.push(report.offset);
      opaques.push(report.opaque);
    });
    const numbers = Array.from({ length: 1_000 }, (_, i) => i);
    for (const number of numbers) producer.produce("many", 0, Buffer.from("x"), null, undefined, number);
    await until(() => offsets.length >= 1_000);
    await close(producer);
    assert.deepEqual(opaques, numbers);
    assert.deepEqual(offsets, numbers);
  });

  test("takes what a report produces: it has a report of its own, after all that was there", async () => {
    const producer = await openProducer(broker.bootstrapServers, { "linger.ms": 20 });
    const opaques: unknown[] = [];
    producer.on("delivery-report", (_: unknown, { opaque }: Report) => {
      opaques.push(opaque);
      if (typeof opaque === "number") producer.produce("again", 0, Buffer.from("x"), null, undefined, `${opaque}!`);
    });
    for (const number of [1, 2, 3]) producer.produce("again", 0, Buffer.from("x"), null, undefined, number);
    await until(() => opaques.length === 6);
    await close(producer);
    assert.deepEqual(opaques, [1, 2, 3, "1!", "2!", "3!"]);
  });

  test("emits ready before it calls connect's callback, and disconnected before disconnect's", async () => {
    const producer = newProducer(broker.bootstrapServers);
    const log: string[] = [];
    producer.on("ready", () => log.push("ready"));
    producer.on("disconnected", () => log.push("disconnected"));
    await done((callback) => producer.connect({}, (error, value) => (log.push("connected"), callback(error, value))));
    await close(producer);
    log.push("closed");
    assert.deepEqual(log, ["ready", "connected", "disconnected", "closed"]);
  });
});
