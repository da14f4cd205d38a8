import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { topics } from "#contracts/topics.ts";
import { deadLetters } from "#db/shared/schema.ts";
import { partitionOf } from "#kafka/partition-of.ts";
import { createRig, createTestService, onceEach, orderId, range, starts } from "../testing.ts";
import { testSettings, until, type Rig } from "../testing.ts";

const LIMIT = { timeout: 60_000 };
const { signal } = new AbortController();

let rig: Rig;
beforeEach(async () => void (rig = await createRig()));
afterEach(() => rig.end());

const dead = () => rig.store.read(signal, (db) => db.select().from(deadLetters));

describe("a record that fails for no known reason, until it passes", () => {
  const strange = 30;
  /** Fails with it as long as `passes` is not called. */
  function createStrangeService() {
    const service = createTestService();
    const handledInOrder: string[] = [];
    let fails = true;
    service.onHandle = (_tx, messages) => {
      const ids = messages.map(({ event }) => event.orderId);
      if (fails && ids.includes(orderId(strange))) throw new Error("strange");
      handledInOrder.push(...ids);
    };
    return { service, handledInOrder, passes: () => void (fails = false) };
  }
  const patient = { ...testSettings, unknownAttempts: 1_000 };
  /** In the order in which they are sent: itself and what is behind it in its partition, of the first so many orders. */
  function heldOf(orders: number): string[] {
    const partition = (id: string) => partitionOf(Buffer.from(id), topics["order.start"].partitions);
    const ids = range(strange, orders).map((n) => orderId(n));
    return ids.filter((id) => partition(id) === partition(orderId(strange)));
  }
  const without = (ids: readonly string[], to: number) => onceEach(range(0, to)).filter(({ id }) => !ids.includes(id));

  test("holds back what is behind it in its partition, in order; all others are read on", LIMIT, async () => {
    const { service, handledInOrder, passes } = createStrangeService();
    await rig.send(starts(0, 200));
    const bus = await rig.start({ handler: service, settings: patient });
    const held = heldOf(200);
    await rig.untilHandled(200 - held.length);
    await until("some tries", () => bus.metrics.unknownFailures > 3);
    await rig.send(starts(200, 400));
    const heldLater = heldOf(400);
    assert(heldLater.length > held.length, "some of the second wave are behind it too");
    await rig.untilHandled(400 - heldLater.length);
    assert.deepEqual(await rig.handled(), without(heldLater, 400));
    passes();
    await rig.untilHandled(400);
    assert.deepEqual(await rig.handled(), onceEach(range(0, 400)));
    assert.deepEqual(
      handledInOrder.filter((id) => heldLater.includes(id)),
      heldLater,
    );
    assert.deepEqual(await dead(), []);
  });

  test("goes with its partition: the next instance handles it and what is behind it once", LIMIT, async () => {
    const { service } = createStrangeService();
    await rig.send(starts(0, 200));
    const bus = await rig.start({ handler: service, settings: patient });
    const held = heldOf(200);
    await rig.untilHandled(200 - held.length);
    await until("a try", () => bus.metrics.unknownFailures > 0);
    await bus.stop(0);
    assert.deepEqual(await rig.handled(), without(held, 200));
    await rig.start();
    await rig.untilHandled(200);
    assert.deepEqual(await rig.handled(), onceEach(range(0, 200)));
    assert.deepEqual(await dead(), []);
  });
});
