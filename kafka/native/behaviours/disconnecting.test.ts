// Disconnecting where one should not, and using what is disconnected.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type EmbeddedBroker, startEmbeddedBroker } from "../../embedded-broker/start.ts";
import {
  type ClientError,
  close,
  CODES,
  done,
  IS_UPSTREAMS_BUILD,
  newConsumer,
  newProducer,
  openConsumer,
  openProducer,
  type Place,
  type Report,
  until,
} from "./clients.ts";
import { runProgram } from "./run-program.ts";

let broker: EmbeddedBroker;
before(async () => {
  const names = ["reports", "messages", "rebalances", "burst"];
  broker = await startEmbeddedBroker({ topics: names.map((name) => ({ name, partitions: 1, readers: [] })) });
});
after(() => broker.stop());

describe("disconnecting from inside", () => {
  test("a delivery report: what was sent before is sent, and its reports come first", async () => {
    const producer = await openProducer(broker.bootstrapServers);
    const log: unknown[] = [];
    const disconnected = new Promise<void>((resolve) => {
      producer.on("delivery-report", (_: unknown, { opaque }: Report) => {
        if (log.push(opaque) > 1) return;
        for (const name of ["b", "c"]) producer.produce("reports", 0, Buffer.from("x"), null, undefined, name);
        producer.disconnect(5_000, () => resolve());
      });
    });
    producer.produce("reports", 0, Buffer.from("x"), null, undefined, "a");
    await disconnected;
    assert.deepEqual(log, ["a", "b", "c"]);
    assert.equal(producer.isConnected(), false);
  });

  test("the callback of consume, and a listener of data", async () => {
    const producer = await openProducer(broker.bootstrapServers);
    producer.produce("messages", 0, Buffer.from("x"));
    await close(producer);
    for (const flowing of [false, true]) {
      const consumer = await openConsumer(broker.bootstrapServers, `from-consume-${flowing}`);
      consumer.assign([{ topic: "messages", partition: 0, offset: 0 }]);
      await new Promise<void>((resolve) => {
        consumer.once("data", () => {
          if (flowing) consumer.disconnect(() => resolve());
        });
        const again = () =>
          consumer.consume(1, (_, messages) => (messages.length > 0 ? consumer.disconnect(() => resolve()) : again()));
        if (flowing) consumer.consume();
        else again();
      });
      assert.equal(consumer.isConnected(), false);
    }
  });

  test("a listener of data while more messages wait, which upstream's build does not survive", async () => {
    const program = new URL("disconnecting-program.ts", import.meta.url);
    const { signal, output } = await runProgram(program, [broker.bootstrapServers, "burst"]);
    if (IS_UPSTREAMS_BUILD) assert.equal(signal, "SIGSEGV");
    else assert.deepEqual({ signal, output }, { signal: null, output: "disconnected\n" });
  });

  test("a turn in which messages wait for a flowing consumer, which upstream's build never ends", async () => {
    const program = new URL("disconnecting-program.ts", import.meta.url);
    const { signal, output } = await runProgram(program, [broker.bootstrapServers, "burst", "before"]);
    if (IS_UPSTREAMS_BUILD) assert.deepEqual({ signal, output }, { signal: "SIGKILL", output: "" });
    else assert.deepEqual({ signal, output }, { signal: null, output: "disconnected\n" });
  });

  test("a rebalance callback, which gets its partitions taken back", async () => {
    const codes: number[] = [];
    let resolve = () => {};
    const disconnected = new Promise<void>((settle) => (resolve = settle));
    const consumer = newConsumer(broker.bootstrapServers, "from-rebalance", {
      rebalance_cb: ({ code }: ClientError, places: Place[]) => {
        codes.push(code);
        if (code !== CODES["ERR__ASSIGN_PARTITIONS"]) return consumer.unassign();
        consumer.assign(places);
        return consumer.disconnect(() => resolve());
      },
    });
    await done((callback) => consumer.connect({}, callback));
    consumer.subscribe(["rebalances"]);
    consumer.consume();
    await disconnected;
    assert.deepEqual(codes, [CODES["ERR__ASSIGN_PARTITIONS"], CODES["ERR__REVOKE_PARTITIONS"]]);
  });

  test("connect's callback and a listener of ready", async () => {
    const inCallback = newProducer(broker.bootstrapServers);
    await new Promise<void>((resolve) => {
      inCallback.connect({}, () => inCallback.disconnect(1_000, () => resolve()));
    });
    const inReady = newProducer(broker.bootstrapServers);
    await new Promise<void>((resolve) => {
      inReady.on("ready", () => inReady.disconnect(1_000, () => resolve()));
      inReady.connect({}, () => {});
    });
    assert.deepEqual([inCallback.isConnected(), inReady.isConnected()], [false, false]);
  });
});

describe("a producer that is told to disconnect twice at once", () => {
  test("calls one of the callbacks, and the other only when its flush took longer than the disconnecting", async () => {
    const producer = await openProducer(broker.bootstrapServers);
    const called = new Set<string>();
    for (const which of ["first", "second"]) producer.disconnect(1_000, () => called.add(which));
    await until(() => called.size > 0);
    assert.equal(producer.isConnected(), false);
  });
});

describe("a client that is disconnected", () => {
  test("refuses to produce", async () => {
    const producer = await openProducer(broker.bootstrapServers);
    await close(producer);
    assert.throws(() => producer.produce("reports", 0, Buffer.from("x")), /Producer not connected/);
  });

  test("refuses to consume and to answer questions, in the callback", async () => {
    const consumer = await openConsumer(broker.bootstrapServers, "refuses");
    await close(consumer);
    await assert.rejects(
      done((callback) => consumer.consume(1, callback)),
      /not connected|disconnected/i,
    );
    await assert.rejects(
      done((callback) => consumer.getMetadata({}, callback)),
      /Client is disconnected/,
    );
    assert.throws(() => consumer.subscribe(["messages"]), /not connected|disconnected|state/i);
  });

  test("connects again", async () => {
    const producer = await openProducer(broker.bootstrapServers);
    await close(producer);
    await done((callback) => producer.connect({}, callback));
    producer.setPollInterval(5);
    let reports = 0;
    producer.on("delivery-report", () => reports++);
    producer.produce("reports", 0, Buffer.from("x"));
    await until(() => reports === 1);
    await close(producer);
  });
});
