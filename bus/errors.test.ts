import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { asc } from "drizzle-orm";
import { groups } from "#contracts/topics.ts";
import { decodeHeaders } from "#db/headers.ts";
import { startInstance } from "#db/instances.ts";
import { readOffsets } from "#db/offsets.ts";
import { deadLetters, suspects } from "#db/shared/schema.ts";
import { markSuspect } from "#db/suspects.ts";
import type { OutgoingMessage } from "#kafka/outgoing-message.ts";
import { createRig, createTestService, messageOf, onceEach, orderId, orderStart, range, starts } from "./testing.ts";
import { readTopic, testSettings, until, type Rig } from "./testing.ts";

const LIMIT = { timeout: 60_000 };
const { signal } = new AbortController();

let rig: Rig;
beforeEach(async () => void (rig = await createRig()));
afterEach(() => rig.end());

const dead = () => rig.store.read(signal, (db) => db.select().from(deadLetters).orderBy(asc(deadLetters.id)));
const untilDead = (count: number) => until(`${count} dead letters`, async () => (await dead()).length === count);
const summary = async () => (await dead()).map(({ key, reason, attempts }) => [String(key), reason, attempts]);
const nexts = async () =>
  (await rig.store.read(signal, (db) => readOffsets(db, groups.stock))).reduce((sum, { next }) => sum + next, 0);

describe("poison among good messages", () => {
  const good = messageOf(orderStart(100));
  const value = Buffer.from(good.value ?? "").toString();
  const poison: Record<string, OutgoingMessage> = {
    "no-json": { ...good, key: "a", value: Buffer.from([0xff, 0x00, 0x7b]) },
    "schema-violation": { ...good, key: "b", value: value.replace('"quantity":1', '"quantity":-1') },
    "unknown-type": { ...good, key: "c", value: value.replace('"type":"order.start"', '"type":"order.begin"') },
    "wrong-key": { ...good, key: orderId(7) },
  };

  test("is set aside at once with its bytes, in the batch of the good ones, which are handled", LIMIT, async () => {
    await rig.send([...starts(0, 20), ...Object.values(poison), ...starts(20, 40)]);
    const bus = await rig.start();
    await rig.untilHandled(40);
    assert.deepEqual(await rig.handled(), onceEach(range(0, 40)));
    await untilDead(4);
    const rows = await dead();
    assert.deepEqual(rows.map(({ reason }) => reason).sort(), Object.keys(poison).sort());
    for (const row of rows) {
      const sent = poison[row.reason];
      assert.deepEqual([row.key, row.value], [Buffer.from(sent?.key ?? ""), Buffer.from(sent?.value ?? "")]);
      assert.deepEqual(
        decodeHeaders(row.headers).map(([name]) => name),
        ["content-type"],
      );
      assert.deepEqual([row.groupId, row.topic, row.attempts, row.state], [groups.stock, "order.start", 1, "dead"]);
      assert.equal(row.incarnation, rig.broker.incarnation);
    }
    assert.equal(bus.metrics.splits, 0, "poison that decoding finds costs the others nothing");
    assert.equal(await nexts(), 44, "the offsets are past them");
  });

  test("is copied to the dead letter topic, with headers that say where and why", LIMIT, async () => {
    await rig.start();
    const headers = [["twice", "1"] as const, ["twice", "2"] as const, ["none", null] as const];
    await rig.send([{ ...(poison["no-json"] as OutgoingMessage), headers }]);
    const [copy] = await readTopic(rig.broker, "order.start.dlq", 1);
    const [row] = await dead();
    assert(copy && row);
    assert.deepEqual(
      [copy.key, copy.value].map((bytes) => Buffer.from(bytes ?? [])),
      [row.key, row.value],
    );
    const names = [
      "twice",
      "twice",
      "none",
      "dlq-group",
      "dlq-topic",
      "dlq-partition",
      "dlq-offset",
      "dlq-reason",
      "dlq-error",
      "dlq-attempts",
      "dlq-first-seen",
      "dlq-version",
    ];
    const copied = (copy.headers ?? []).flatMap((header) => Object.entries(header));
    assert.deepEqual(
      copied.map(([name]) => name),
      names,
    );
    assert.deepEqual(
      copied.slice(0, 3).map(([, bytes]) => bytes && Buffer.from(bytes).toString()),
      ["1", "2", null],
      "a name that comes twice and a header of no value are copied as they came",
    );
    const said = Object.fromEntries(copied.map(([name, bytes]) => [name, bytes && Buffer.from(bytes).toString()]));
    assert.deepEqual(
      [said["dlq-group"], said["dlq-topic"], said["dlq-partition"], said["dlq-offset"], said["dlq-reason"]],
      [groups.stock, "order.start", String(row.partition), String(row.offset), "no-json"],
    );
  });

  test(
    "a TypeError of the handler is found by halving, and its message set aside at the first try alone",
    LIMIT,
    async () => {
      const service = createTestService();
      service.onHandle = (_tx, messages) => {
        if (messages.some(({ event }) => event.data.lines[0]?.quantity === 5))
          (undefined as never as { f(): void }).f();
      };
      await rig.send([...starts(0, 30), messageOf(orderStart(30, 5)), ...starts(31, 60)]);
      const bus = await rig.start({ handler: service });
      await rig.untilHandled(59);
      await untilDead(1);
      assert.deepEqual(await summary(), [[orderId(30), "handler-type-error", 1]]);
      assert.deepEqual(await rig.handled(), onceEach(range(0, 60).filter((n) => n !== 30)));
      assert(bus.metrics.splits > 0);
    },
  );
});

describe("a message that breaks a rule of the schema", () => {
  test("is found by halving the batch, and set aside alone", LIMIT, async () => {
    await rig.send([
      ...starts(0, 100),
      messageOf(orderStart(100, 13)),
      ...starts(101, 200),
      messageOf(orderStart(200, 13)),
    ]);
    const bus = await rig.start();
    await rig.untilHandled(199);
    await untilDead(2);
    assert.deepEqual(
      (await summary()).sort((a, b) => String(a).localeCompare(String(b))),
      [
        [orderId(100), "constraint", 1],
        [orderId(200), "constraint", 1],
      ],
    );
    assert.deepEqual(await rig.handled(), onceEach(range(0, 200).filter((n) => n !== 100)), "each other one once");
    const copies = await readTopic(rig.broker, "stock.failed", 199);
    assert.equal(new Set(copies.map(({ key }) => String(key))).size, 199);
    assert.equal(bus.metrics.deadLetterReasons.get("constraint"), 2);
  });
});

describe("an error of no known class", () => {
  test(
    "is tried so many times alone, then its message is set aside; one that passes by itself is not",
    LIMIT,
    async () => {
      const service = createTestService();
      const failures = new Map<number, number>();
      service.onHandle = (_tx, messages) => {
        for (const { event } of messages) {
          const kind = event.data.lines[0]?.quantity ?? 0;
          if (kind < 2) continue;
          failures.set(kind, (failures.get(kind) ?? 0) + 1);
          if (kind === 3 || (failures.get(kind) ?? 0) < 4) throw new Error(`strange ${kind}`);
        }
      };
      await rig.send([...starts(0, 3), messageOf(orderStart(3, 3)), messageOf(orderStart(4, 2)), ...starts(5, 8)]);
      const bus = await rig.start({ handler: service, settings: { ...testSettings, unknownAttempts: 4 } });
      await rig.untilHandled(7);
      await untilDead(1);
      assert.deepEqual(await summary(), [[orderId(3), "unknown-error", 4]]);
      assert.match((await dead())[0]?.error ?? "", /^Error: strange 3/);
      assert(bus.metrics.unknownFailures >= 4);
    },
  );
});

describe("a store that cannot be written", () => {
  test("makes the batch wait, however long: no dead letter, no offset, and it goes on by itself", LIMIT, async () => {
    const service = createTestService();
    let full = true;
    let tries = 0;
    service.onHandle = () => {
      tries += 1;
      if (full) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    };
    await rig.send(starts(0, 20));
    const bus = await rig.start({ handler: service });
    await until("ten tries", () => tries >= 10);
    assert.deepEqual([await rig.handled(), await dead(), await nexts()], [[], [], 0]);
    assert(bus.metrics.waitingSinceMs > 0, "metrics say since when it waits");
    full = false;
    await rig.untilHandled(20);
    assert.deepEqual(await rig.handled(), onceEach(range(0, 20)));
    assert.deepEqual(await dead(), []);
    await until("it says that it waits no more", () => bus.metrics.waitingSinceMs === 0);
  });

  test("does not keep the bus from stopping, and the messages are there at the next start", LIMIT, async () => {
    const service = createTestService();
    service.onHandle = () => {
      throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    };
    await rig.send(starts(0, 5));
    const bus = await rig.start({ handler: service });
    await until("a try", () => bus.metrics.transientFailures > 0);
    await bus.stop(0);
    await rig.start();
    await rig.untilHandled(5);
    assert.deepEqual(await rig.handled(), onceEach(range(0, 5)));
  });
});

describe("after an unclean exit", () => {
  const deaths = async (tries: number) => {
    await rig.send(starts(0, 10));
    // The process died of the first record of each partition.
    await rig.store.write(signal, async (tx) => {
      await startInstance(tx, "stock-1", 1);
      for (const partition of range(0, 12)) {
        const record = {
          groupId: groups.stock,
          topic: "order.start",
          partition,
          offset: 0,
          incarnation: rig.broker.incarnation,
        };
        for (const at of range(0, tries)) await markSuspect(tx, record, at);
      }
    });
  };
  const markers = () => rig.store.read(signal, (db) => db.select().from(suspects));

  test("records run singly behind a durable marker, which goes with their effects", LIMIT, async () => {
    await deaths(2);
    const service = createTestService();
    const sizes = new Set<number>();
    service.onHandle = (_tx, messages) => void sizes.add(messages.length);
    const bus = await rig.start({ handler: service });
    await rig.untilHandled(10);
    assert.deepEqual([...sizes], [1]);
    assert.deepEqual(await dead(), [], "two deaths are not three");
    const partitionsUsed = (await rig.store.read(signal, (db) => readOffsets(db, groups.stock))).filter(
      ({ next }) => next > 0,
    );
    assert.equal(
      (await markers()).length,
      12 - partitionsUsed.length,
      "only those that nothing was handled of are left",
    );
    assert.equal(bus.metrics.batches, 10);
  });

  test(
    "that waits for its store keeps no marker: whoever kills it then, however often, blames no record",
    LIMIT,
    async () => {
      await deaths(1);
      const service = createTestService();
      service.onHandle = () => {
        throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
      };
      const bus = await rig.start({ handler: service });
      await until("some tries", () => bus.metrics.transientFailures > 5);
      // One death each, as before: at the most one of them is being tried.
      await until("no marker of a try that waits", async () => {
        const tries = (await markers()).map((each) => each.tries);
        return tries.every((count) => count === 1);
      });
      assert.deepEqual(await dead(), []);
    },
  );

  test("a record that the process died of three times is set aside, and nothing else is", LIMIT, async () => {
    await deaths(3);
    await rig.start();
    await until("all offsets are past", async () => (await nexts()) === 10);
    const rows = await dead();
    assert.deepEqual(
      [...new Set(rows.map(({ reason, attempts, offset }) => [reason, attempts, offset].join(" ")))],
      ["deadly 3 0"],
    );
    const first = new Set(rows.map(({ key }) => String(key)));
    assert.deepEqual(await rig.handled(), onceEach(range(0, 10).filter((n) => !first.has(orderId(n)))));
  });
});
