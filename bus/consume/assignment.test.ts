import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { sql } from "drizzle-orm";
import { groups } from "#contracts/topics.ts";
import type { Store } from "#db/open-store.ts";
import { readOffsets } from "#db/offsets.ts";
import { openTemporaryStore, type TemporaryStore } from "#db/temporary-store.ts";
import { confirmStart } from "./assignment.ts";
import { type BrokerView, createBrokerView } from "./broker-view.ts";
import { baseProperties } from "#kafka/settings.ts";
import { openTestLoop } from "#kafka/testing.ts";
import { encodeCommitMetadata } from "./commit-metadata.ts";
import { ConsumeRefusedError } from "./offset-judge.ts";
import { createRig, handledOrders, messageOf, onceEach, orderStart, range, testMigrations } from "../testing.ts";
import { until, type Rig, type TestBus } from "../testing.ts";

const LIMIT = { timeout: 60_000 };
const { signal } = new AbortController();

let rig: Rig;
const others: TemporaryStore[] = [];
beforeEach(async () => void (rig = await createRig()));
afterEach(async () => {
  await rig.end();
  for (const other of others.splice(0)) await other.remove();
});

const starts = (from: number, to: number) => range(from, to).map((n) => messageOf(orderStart(n)));
const untilHandled = (count: number, store: Store = rig.store) =>
  until(`${count} handled`, async () => (await handledOrders(store)).length === count);

/** Twenty orders handled and committed, the bus stopped. */
async function history(): Promise<void> {
  const bus = await rig.start();
  await rig.send(starts(0, 20));
  await untilHandled(20);
  await bus.stop();
}

async function refusalOf(bus: TestBus): Promise<ConsumeRefusedError> {
  const outcome: unknown = await bus.consuming.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert(outcome instanceof ConsumeRefusedError, `not refused, but ${String(outcome)}`);
  assert.match(outcome.message, /orderwright recover stock/, "it says what goes on from there");
  return outcome;
}

async function otherStore(): Promise<Store> {
  const other = await openTemporaryStore(testMigrations);
  others.push(other);
  return other.store;
}

describe("a group that is assigned partitions", () => {
  test("goes on where its store says, after a restart", LIMIT, async () => {
    await history();
    await rig.send(starts(20, 40));
    await rig.start();
    await untilHandled(40);
    assert.deepEqual(await handledOrders(rig.store), onceEach(range(0, 40)));
  });

  test("refuses when the store was lost: there are commits, and no row", LIMIT, async () => {
    await history();
    const store = await otherStore();
    const refusal = await refusalOf(await rig.start({ store }));
    assert.equal(refusal.disaster, "store-lost");
    assert.match(refusal.message, new RegExp(`from the store ${rig.store.id}, while this one is ${store.id}`));
    assert.deepEqual(await handledOrders(store), [], "nothing was consumed");
  });

  test("refuses when the store is an old copy: its rows are before the commits", LIMIT, async () => {
    await history();
    await rig.store.write(
      signal,
      async (tx) => void (await tx.run(sql`UPDATE offsets SET next = 0 WHERE partition = 3`)),
    );
    const refusal = await refusalOf(await rig.start());
    assert.equal(refusal.disaster, "store-old-copy");
    assert.match(refusal.message, /order\.start\/3: the store has read up to 0, but the group has committed \d+/);
  });

  test("refuses when the row is past the log's end", LIMIT, async () => {
    await history();
    await rig.store.write(
      signal,
      async (tx) => void (await tx.run(sql`UPDATE offsets SET next = 5000 WHERE partition = 3`)),
    );
    const refusal = await refusalOf(await rig.start());
    assert.equal(refusal.disaster, "topic-new");
    assert.match(refusal.message, /order\.start\/3: the store has read up to 5000, but the log ends at \d+/);
  });

  test("refuses beside another store of the same group, at the start and while both run", LIMIT, async () => {
    await rig.start();
    await rig.send(starts(0, 20));
    await untilHandled(20);
    const other = await rig.start({ store: await otherStore(), instanceId: "stock-2" });
    const refusal = await refusalOf(other);
    assert.equal(refusal.disaster, "store-lost");
    await rig.send(starts(20, 40));
    await untilHandled(40);
    assert.deepEqual(await handledOrders(rig.store), onceEach(range(0, 40)), "the first one goes on");
  });
});

describe("two instances with stores of their own that start at once, where nobody has been before", () => {
  test("do not both decide: one refuses, or both, before it has handled anything", LIMIT, async () => {
    const second = await otherStore();
    await rig.send(starts(0, 40));
    const buses = await Promise.all([rig.start(), rig.start({ store: second, instanceId: "stock-2" })]);
    await rig.send(starts(40, 80));
    await Promise.race(buses.map(refusalOf));
    const handled = await Promise.all([rig.store, second].map((store) => handledOrders(store)));
    assert.ok(
      handled.some((orders) => orders.length === 0),
      `decided: ${handled.map(({ length }) => length).join()}`,
    );
  });
});

describe("a start where nobody has been before", () => {
  /** What the group has committed, call after call; the last stays. */
  const confirm = (commits: readonly (readonly string[])[]) => {
    const partitions = range(0, 2).map((partition) => ({ topic: "order.start", partition }));
    let calls = 0;
    const committedOffsets: BrokerView["committedOffsets"] = () => {
      const storeIds = commits[Math.min(calls++, commits.length - 1)] ?? [];
      const metadata = (storeId: string) => encodeCommitMetadata({ storeId, incarnation: "1" });
      return Promise.resolve(
        storeIds.map((id, n) => ({ topic: "order.start", partition: n, offset: 0, metadata: metadata(id) })),
      );
    };
    const broker = {
      ...createBrokerView({}, signal),
      partitionsOf: () => Promise.resolve(partitions),
      committedOffsets,
    };
    const handler = { service: "stock", groupId: groups.stock, reads: ["order.start"] } as const;
    const options = { handler, store: rig.store, broker, client: {}, incarnation: () => Promise.resolve("1"), signal };
    return confirmStart(options, partitions.slice(0, 1));
  };

  test("waits until the broker shows its commit, then refuses beside a store that has committed meanwhile", async () => {
    const own = rig.store.id;
    await assert.rejects(confirm([[], [], [own], [own, "another"]]), ConsumeRefusedError);
    await confirm([[], [], [own], [own]]);
  });
});

describe("a group that consumes", () => {
  async function running(): Promise<TestBus> {
    const bus = await rig.start();
    await rig.send(starts(0, 20));
    await untilHandled(20);
    return bus;
  }
  const change = (text: string) => rig.store.write(signal, async (tx) => void (await tx.run(text)));

  test("refuses when its store is put back to an older state", LIMIT, async () => {
    const bus = await running();
    await change("UPDATE offsets SET next = 0 WHERE next > 0");
    await rig.send(starts(20, 60));
    const refusal = await refusalOf(bus);
    assert.equal(refusal.disaster, "store-old-copy");
    assert.match(refusal.message, /has read up to 0, but this instance had read it up to [1-9]/);
    assert.deepEqual(await handledOrders(rig.store), onceEach(range(0, 20)), "nothing more was consumed");
  });

  test("refuses when its store is lost", LIMIT, async () => {
    const bus = await running();
    await change("DELETE FROM offsets");
    await rig.send(starts(20, 60));
    assert.equal((await refusalOf(bus)).disaster, "store-lost");
    assert.deepEqual(await handledOrders(rig.store), onceEach(range(0, 20)), "nothing more was consumed");
  });

  const by = (storeId: string) => encodeCommitMetadata({ storeId, incarnation: rig.broker.incarnation });
  const intruders: [what: string, metadata: () => string | null, disaster: string][] = [
    ["somebody looks at its messages as a member of its group", () => null, "offsets-reset"],
    ["an instance with another store commits in its group", () => by("other"), "store-foreign"],
  ];
  for (const [what, metadata, disaster] of intruders) {
    test(`refuses when ${what}`, LIMIT, async () => {
      const bus = await running();
      const client = baseProperties(rig.broker.bootstrapServers);
      const intruder = await openTestLoop(client, ["order.start"], { groupId: groups.stock });
      await until("it has partitions", async () => {
        await intruder.poll(1, 20);
        return intruder.assigned().length > 0;
      });
      const taken = intruder.assigned().map(({ topic, partition }) => ({ topic, partition, offset: 0 }));
      intruder.commit(taken.map((each) => ({ ...each, metadata: metadata() })));
      await until("it has committed", async () => {
        await intruder.poll(1, 20);
        return (await intruder.committed(taken)).every((each) => each?.offset === 0);
      });
      await intruder.close();
      assert.equal((await refusalOf(bus)).disaster, disaster);
      assert.deepEqual(await handledOrders(rig.store), onceEach(range(0, 20)), "nothing was consumed again");
    });
  }
});

describe("a partition that another instance has moved", () => {
  test("is dropped from the batch and read on from where it was moved to; the rest is handled", LIMIT, async () => {
    const bus = await rig.start();
    await until("assigned", () => bus.entries.some(({ message }) => message === "partitions assigned"));
    const moved = 5;
    await rig.store.write(signal, async (tx) => {
      await tx.run(sql`UPDATE offsets SET next = 1 WHERE group_id = ${groups.stock} AND partition = ${moved}`);
    });
    const messages = range(0, 48).map((n) => ({ ...messageOf(orderStart(n)), partition: n % 12 }));
    await rig.send(messages);
    await untilHandled(47);
    assert.deepEqual(
      await handledOrders(rig.store),
      onceEach(range(0, 48).filter((n) => n !== moved)),
      "all but the one",
    );
    const rows = await rig.store.read(signal, (db) => readOffsets(db, groups.stock));
    assert.deepEqual(
      rows.map(({ next }) => next),
      range(0, 12).map(() => 4),
    );
    assert.equal(bus.metrics.partitionsTaken, 1);
  });
});
