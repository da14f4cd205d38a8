// The reports of packed batches, beside upstream's own way with the same client, and where a client or its environment goes.
import type rdkafka from "@confluentinc/kafka-javascript";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type BatchResult, readResults } from "../batch-results.ts";
import { connect } from "../connect.ts";
import { type EmbeddedBroker, startEmbeddedBroker } from "../embedded-broker/start.ts";
import { newPacker } from "../packed-batch.ts";
import { garbageCollector, until } from "../testing.ts";
import { type ClientProperties, newProducer, type Producer } from "../upstream.ts";

let broker: EmbeddedBroker;
before(async () => {
  const topics = ["joint", "own", "both"].map((name) => ({ name, partitions: 1, readers: [] }));
  broker = await startEmbeddedBroker({ topics });
});
after(() => broker.stop());

async function openClient(more: Record<string, unknown> = {}) {
  // Upstream's callbacks among the properties, which ours do not know.
  const properties = { "bootstrap.servers": broker.bootstrapServers, ...more } as ClientProperties;
  const client = newProducer(properties);
  const results: BatchResult[] = [];
  const told = { times: 0 };
  client._client.openDeliveries((news) => {
    told.times += 1;
    results.push(...readResults(news));
  });
  await connect(client, properties, {});
  client.setPollInBackground(true);
  const { pack } = newPacker((topic) => client._client.topicNumber(topic));
  return {
    client,
    results,
    told,
    send(id: number, values: readonly string[]) {
      const packed = pack(
        id,
        values.map((value) => ({ topic: "both", key: null, value })),
        0,
      );
      return client._client.producePacked(packed.numbers, packed.bytes);
    },
  };
}

const disconnect = (client: Producer) => new Promise<void>((resolve) => client.disconnect(5_000, resolve));

describe("a client that sends in both ways", () => {
  test("gives each report to whom it belongs: batches are told as batches, upstream's messages one by one", async () => {
    const reports: unknown[] = [];
    const onReport = (error: unknown, report: { opaque: unknown }) => reports.push(error ?? report.opaque);
    const { client, results, send } = await openClient({ dr_cb: onReport });
    // The cast: our surface leaves upstream's `produce` out, on purpose, and here both are used on one client.
    const upstreams = client as unknown as rdkafka.Producer;
    assert.equal(send(1, ["a", "b"]), 2);
    for (const opaque of ["text", undefined, { an: "object" }]) {
      upstreams.produce("both", 0, Buffer.from("x"), null, undefined, opaque);
    }
    assert.equal(send(2, ["c"]), 1);
    await until("all reports", () => reports.length === 3 && results.length === 2);
    await disconnect(client);
    assert.deepEqual(reports, ["text", undefined, { an: "object" }]);
    assert.deepEqual(
      results.map(({ id, failed }) => [id, failed]),
      [
        [1, []],
        [2, []],
      ],
    );
    assert.deepEqual([...readResults(client._client.closeDeliveries())], []);
  });

  test("ends a batch that was not told when it is closed, and tells nothing after that", async () => {
    const { client, results, send } = await openClient();
    assert.throws(() => client._client.closeDeliveries(), /still connected/);
    await broker.down();
    try {
      send(7, ["never", "sent"]);
      await new Promise<void>((resolve) => client.disconnect(0, resolve));
    } finally {
      await broker.up();
    }
    assert.deepEqual(
      [...readResults(client._client.closeDeliveries())].map(({ id, failed }) => [
        id,
        failed.map(({ index }) => index),
      ]),
      [[7, [0, 1]]],
    );
    assert.throws(() => send(8, ["late"]), /deliveries are closed/);
    assert.deepEqual(results, []);
  });
});

describe("a client whose queue is full", () => {
  test("says how many messages went in, and tells at the next report that there is room, before any batch ended", async () => {
    const { client, results, told, send } = await openClient({ "queue.buffering.max.messages": 2 });
    await broker.down();
    try {
      assert.equal(send(1, ["in", "in", "out", "out"]), 2);
      assert.equal(told.times, 0);
    } finally {
      await broker.up();
    }
    await until("room", () => told.times > 0);
    assert.deepEqual(results, []);
    await disconnect(client);
    const [result] = readResults(client._client.closeDeliveries());
    assert.deepEqual([result?.ends.length, result?.failed.map(({ index }) => index)], [1, [2, 3]]);
  });
});

describe("a batch that is not whole", () => {
  test("is refused by native code, wherever it is cut: nothing is read beyond its end", async () => {
    const { client } = await openClient();
    const topic = client._client.topicNumber("both");
    const whole = [9, 1, 0, 1, 2, 3, 3, topic, 0, 0, 2 * 3, 2 * 2 + 1, 0];
    const produce = (numbers: readonly number[], bytes = Buffer.from("ab€")) =>
      client._client.producePacked(Buffer.from(Float64Array.from(numbers).buffer), bytes);
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => produce(whole.slice(0, length)), /the packed batch is not whole/, `${length} numbers`);
    }
    for (const [place, wrong] of [
      [4, 6],
      [5, 9],
      [2, 2],
      [3, 2],
      [1, -1],
      [10, 2 * 9],
      [11, 2 * 9 + 1],
    ] as const) {
      const numbers = whole.with(place, wrong);
      assert.throws(() => produce(numbers), /not whole|another size/, `${wrong} at ${place}`);
    }
    assert.throws(() => produce(whole.with(7, topic + 1)), /no topic has that number/);
    assert.throws(() => client._client.producePacked("text" as never, "text" as never), /two buffers/);
    assert.throws(() => client._client.openDeliveries(() => {}), /opened once, before connecting/);
    await disconnect(client);
    client._client.closeDeliveries();
  });

  test("is no way to call a method on an object of another class", () => {
    const client = newProducer({ "bootstrap.servers": broker.bootstrapServers });
    const { producePacked, topicNumber } = client._client;
    assert.throws(() => topicNumber("both"), /./);
    assert.throws(() => producePacked.call({}, Buffer.alloc(0), Buffer.alloc(0)), /./);
    assert.throws(() => client._client.topicNumber("both"), /openDeliveries first/);
  });
});

describe("clients that go with batches out", () => {
  test("are freed with all that is theirs when nobody holds them any more", async () => {
    const collect = garbageCollector();
    const left = await (async () => {
      const clients = await Promise.all(Array.from({ length: 5 }, () => openClient({ "linger.ms": 60_000 })));
      for (const { client, send } of clients) {
        send(1, ["never told"]);
        await new Promise<void>((resolve) => client.disconnect(0, resolve));
        client._client.closeDeliveries();
        client.removeAllListeners();
      }
      return clients.map(({ client }) => new WeakRef(client._client));
    })();
    await until("one of them is collected", () => {
      collect();
      return left.some((reference) => reference.deref() === undefined);
    });
  });

  test("take nobody along: Workers end while reports come in, and the process goes on sending", async () => {
    const program = fileURLToPath(new URL("deliveries-program.ts", import.meta.url));
    const flags = process.versions["deno"]
      ? ["run", "-A", "--no-check", "--node-modules-dir=manual"]
      : process.execArgv;
    const output = await new Promise<string>((resolve, reject) => {
      const args = [...flags, program, broker.bootstrapServers];
      execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout, stderr) => {
        if (error) reject(new Error(`${error.message}\n${stdout}${stderr}`));
        else resolve(stdout);
      });
    });
    assert.equal(output, "5 workers ended, 0 failed, own log at 600\n");
  });
});
