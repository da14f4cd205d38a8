import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { INCARNATION_TOPIC } from "./incarnation-topic.ts";
import { type EmbeddedBroker, startEmbeddedBroker } from "./start.ts";
import { closeProducer, faults, numbered, openProducer, openReader, type Reader, send, until } from "./test-clients.ts";

const LIMIT = { timeout: 30_000 };
const PARTITIONS = 3;
const orders = { name: "orders", partitions: PARTITIONS, readers: ["fast", "slow"] };
const unclaimed = { name: "unclaimed", partitions: 1, readers: [] };

interface Log {
  readonly start: number;
  readonly end: number;
}

function logOf({ consumer }: Reader, topic: string): Promise<Log> {
  return new Promise((resolve, reject) => {
    consumer.queryWatermarkOffsets(topic, 0, 5000, (error, marks) => {
      if (error) reject(new Error(error.message));
      else resolve({ start: marks.lowOffset, end: marks.highOffset });
    });
  });
}

describe("a topic with two reading groups", () => {
  let broker: EmbeddedBroker;
  before(async () => void (broker = await startEmbeddedBroker({ topics: [orders, unclaimed], unclaimedLimitMiB: 1 })));
  after(() => broker.stop());

  test("a reader that stopped half-way gets the rest, since nothing unread is dropped", LIMIT, async () => {
    const each = 4000;
    const producer = await openProducer(broker.bootstrapServers);
    const fast = await openReader(broker.bootstrapServers, "fast", [orders.name]);
    const slow = await openReader(broker.bootstrapServers, "slow", [orders.name]);
    await send(producer, numbered(orders.name, PARTITIONS, each / 2));
    await until(() => slow.seen.length >= 1000);
    await slow.close();
    await send(producer, numbered(orders.name, PARTITIONS, each / 2, each / 2));
    await until(() => fast.seen.length >= each * PARTITIONS);
    const again = await openReader(broker.bootstrapServers, "slow", [orders.name]);
    await until(() => slow.seen.length + again.seen.length >= each * PARTITIONS);
    assert.deepEqual(faults(fast.seen, PARTITIONS, each), []);
    assert.deepEqual(faults([...slow.seen, ...again.seen], PARTITIONS, each), []);

    await again.close();
    assert.ok((await logOf(fast, orders.name)).start > 0, "what both groups have committed is dropped");
    await fast.close();
    await closeProducer(producer);
  });

  test(
    "a group that is not named holds nothing, and a partition without readers stays within its limit",
    LIMIT,
    async () => {
      const stranger = await openReader(broker.bootstrapServers, "stranger", [unclaimed.name], { commits: false });
      const producer = await openProducer(broker.bootstrapServers, { "batch.num.messages": 100 });
      const kilobyte = "x".repeat(1000);
      const messages = Array.from({ length: 5000 }, () => ({ topic: unclaimed.name, partition: 0, value: kilobyte }));
      await send(producer, messages);
      const { start } = await logOf(stranger, unclaimed.name);
      assert.ok(
        start > 3000 && start < 5000,
        `the oldest of 5 MB go, the newest 1 MiB stays; the log starts at ${start}`,
      );
      await stranger.close();
      await closeProducer(producer);
    },
  );

  test("a message to a topic that nobody named fails, since a mistyped name must not make a topic", LIMIT, async () => {
    const producer = await openProducer(broker.bootstrapServers, { "topic.metadata.propagation.max.ms": 200 });
    await assert.rejects(send(producer, [{ topic: "ordres", partition: 0, value: "x" }]), /unknown|topic/i);
    await closeProducer(producer);
  });
});

describe("a broker that is full of what a reading group has not read", () => {
  test("makes the producer wait and loses nothing, since dropping the unread is never the answer", LIMIT, async () => {
    const topic = { name: "orders", partitions: 1, readers: ["late"] };
    const broker = await startEmbeddedBroker({ topics: [topic], unreadLimitMiB: 1 });
    const producer = await openProducer(broker.bootstrapServers, { "batch.size": 100_000, "retry.backoff.ms": 50 });
    const padding = "x".repeat(1000);
    const messages = Array.from({ length: 3000 }, (_, i) => ({
      topic: "orders",
      partition: 0,
      value: `${i} ${padding}`,
    }));
    let sent = false;
    const sending = send(producer, messages).then(() => (sent = true));
    const idle = await openReader(broker.bootstrapServers, "idle", ["orders"], { commits: false });
    await until(() => idle.seen.length > 900);
    assert.equal(sent, false);
    const { end } = await logOf(idle, "orders");
    assert.ok(end < 1100, `3 MB do not fit into 1 MiB, yet ${end} messages of 1 kB were taken`);
    const late = await openReader(broker.bootstrapServers, "late", ["orders"]);
    await sending;
    await until(() => late.seen.length >= messages.length);
    assert.deepEqual(
      late.seen.map(({ value }) => value.split(" ")[0]),
      messages.map((_, i) => String(i)),
    );
    await Promise.all([idle.close(), late.close()]);
    await closeProducer(producer);
    await broker.stop();
  });
});

describe("a broker that goes away", () => {
  test("takes nothing while it is down and has everything when it is up again", LIMIT, async () => {
    const broker = await startEmbeddedBroker({ topics: [orders] });
    const producer = await openProducer(broker.bootstrapServers);
    const reader = await openReader(broker.bootstrapServers, "fast", [orders.name]);
    await send(producer, numbered(orders.name, PARTITIONS, 100));
    await until(() => reader.seen.length === 100 * PARTITIONS);
    await broker.down();
    const sending = send(producer, numbered(orders.name, PARTITIONS, 100, 100));
    await broker.up();
    await sending;
    await until(() => reader.seen.length >= 200 * PARTITIONS);
    assert.deepEqual(faults(reader.seen, PARTITIONS, 200), []);
    await reader.close();
    await closeProducer(producer);
    await broker.stop();
  });

  test(
    "killed and started on the same port it is found again, and its incarnation says that all is gone",
    LIMIT,
    async () => {
      const first = await startEmbeddedBroker({ topics: [orders] });
      const producer = await openProducer(first.bootstrapServers);
      await send(producer, numbered(orders.name, PARTITIONS, 10));
      await first.kill9();
      const second = await startEmbeddedBroker({ port: first.port, topics: [orders] });
      await send(producer, numbered(orders.name, PARTITIONS, 10));
      const reader = await openReader(second.bootstrapServers, "reader", [INCARNATION_TOPIC, orders.name]);
      await until(() => reader.seen.length >= 10 * PARTITIONS + 1);
      const incarnations = reader.seen.filter(({ topic }) => topic === INCARNATION_TOPIC).map(({ value }) => value);
      assert.deepEqual(incarnations, [second.incarnation]);
      assert.notEqual(second.incarnation, first.incarnation);
      assert.deepEqual(
        faults(
          reader.seen.filter(({ topic }) => topic === orders.name),
          PARTITIONS,
          10,
        ),
        [],
      );
      await assert.rejects(
        send(producer, [{ topic: INCARNATION_TOPIC, partition: 0, value: "forged" }]),
        /authoriz/i,
        "no client writes to that topic",
      );
      await reader.close();
      await closeProducer(producer);
      await second.stop();
    },
  );

  test("a member from before refuses to be believed: its commit would count as read what is new", LIMIT, async () => {
    const first = await startEmbeddedBroker({ topics: [orders] });
    const [group = ""] = orders.readers;
    // Beats too seldom to hear of the restart before it commits.
    const seldom = { "session.timeout.ms": 100_000, "heartbeat.interval.ms": 90_000 };
    const member = await openReader(first.bootstrapServers, group, [orders.name], {
      commits: false,
      properties: seldom,
    });
    const producer = await openProducer(first.bootstrapServers);
    await send(producer, numbered(orders.name, PARTITIONS, 5));
    await until(() => member.seen.length === 5 * PARTITIONS);
    await first.kill9();
    const second = await startEmbeddedBroker({ port: first.port, topics: [orders] });
    await send(producer, numbered(orders.name, PARTITIONS, 5));
    assert.throws(() => member.consumer.commitSync({ topic: orders.name, partition: 0, offset: 5 }), /Unknown member/);
    await closeProducer(producer);
    await second.stop();
    await member.close();
  });

  test(
    "a commit from before its restart drops nothing of what comes after, since nobody has read that",
    LIMIT,
    async () => {
      const topic = { name: "orders", partitions: PARTITIONS, readers: ["only"] };
      const broker = await startEmbeddedBroker({ topics: [topic] });
      const stale = await openReader(broker.bootstrapServers, "only", ["orders"], { commits: false });
      await until(() => stale.consumer.assignments().length === PARTITIONS);
      for (let partition = 0; partition < PARTITIONS; partition++) {
        stale.consumer.commitSync({ topic: "orders", partition, offset: 1000 });
      }
      const producer = await openProducer(broker.bootstrapServers);
      await send(producer, numbered("orders", PARTITIONS, 10));
      await stale.close();
      const reader = await openReader(broker.bootstrapServers, "only", ["orders"]);
      await until(() => reader.seen.length >= 10 * PARTITIONS);
      assert.deepEqual(faults(reader.seen, PARTITIONS, 10), []);
      await reader.close();
      await closeProducer(producer);
      await broker.stop();
    },
  );

  test("a port that is taken is said to be taken", LIMIT, async () => {
    const broker = await startEmbeddedBroker({ topics: [] });
    await assert.rejects(
      startEmbeddedBroker({ port: broker.port, topics: [] }),
      new RegExp(`port ${broker.port} is taken by another program`),
    );
    await broker.stop();
  });
});

describe("a group whose members come and go", () => {
  test("every partition is read by exactly one of them after each change, at once", LIMIT, async () => {
    const broker = await startEmbeddedBroker({ topics: [orders] });
    // Nothing here may wait for this session timeout: it is longer than the test's limit.
    const properties = { "partition.assignment.strategy": "cooperative-sticky", "session.timeout.ms": 45_000 };
    const strategy = { properties };
    const assigned = (reader: Reader) => reader.consumer.assignments().length;
    const first = await openReader(broker.bootstrapServers, "fast", [orders.name], strategy);
    await until(() => assigned(first) === PARTITIONS);
    const second = await openReader(broker.bootstrapServers, "fast", [orders.name], strategy);
    await until(() => assigned(second) > 0 && assigned(first) + assigned(second) === PARTITIONS);
    await first.close();
    await until(() => assigned(second) === PARTITIONS);
    const third = await openReader(broker.bootstrapServers, "fast", [orders.name], strategy);
    await until(() => assigned(third) > 0 && assigned(second) + assigned(third) === PARTITIONS);
    await Promise.all([second.close(), third.close()]);
    const alone = await openReader(broker.bootstrapServers, "fast", [orders.name], strategy);
    await until(() => assigned(alone) === PARTITIONS);
    await alone.close();
    await broker.stop();
  });
});

describe("a parent that dies", () => {
  test("kill -9 of the program that started it ends the broker", LIMIT, async () => {
    const start = new URL("start.ts", import.meta.url).href;
    const script = `const { startEmbeddedBroker } = await import(${JSON.stringify(start)});
      const broker = await startEmbeddedBroker({ topics: [] });
      console.log("pid", broker.pid);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, evaluate(script), { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    parent.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    await until(() => /pid \d+/.test(output));
    const pid = Number(/pid (\d+)/.exec(output)?.[1]);
    assert.ok(isAlive(pid));
    parent.kill("SIGKILL");
    await until(() => !isAlive(pid));
  });
});

function evaluate(script: string): string[] {
  if ("Deno" in globalThis) return ["eval", "--node-modules-dir=manual", script];
  if ("Bun" in globalThis) return ["-e", script];
  return ["--import", "tsx", "--input-type=module", "-e", script];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
