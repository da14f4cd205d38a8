import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { groups } from "#contracts/topics.ts";
import { StoreError } from "#db/errors.ts";
import { haunt } from "#kafka/embedded-broker/testing-members.ts";
import {
  createRig,
  createTestService,
  handledOrders,
  messageOf,
  onceEach,
  orderStart,
  range,
  type Rig,
  testSettings,
  until,
} from "../testing.ts";

const limit = { timeout: 60_000 };
/** A look every 300 ms; a group that drops a silent member after two seconds. */
const settings = { ...testSettings, stallAfterMs: 1_000, watchIntervalMs: 10, sessionTimeoutMs: 2_000 };

let rig: Rig;
let exorcise = () => {};
beforeEach(async () => void (rig = await createRig()));
afterEach(async () => {
  exorcise();
  await rig.end();
});

const starts = (from: number, to: number) => range(from, to).map((n) => messageOf(orderStart(n)));
const untilHandled = (count: number) =>
  until(`${count} handled`, async () => (await handledOrders(rig.store)).length === count);

describe("a group that gave partitions to a member that beats and does not read", () => {
  test("is joined anew by the one that is idle, which reads them then, and says so", limit, async () => {
    const bus = await rig.start({ settings });
    await rig.send(starts(0, 20));
    await untilHandled(20);
    exorcise = await haunt({
      port: rig.broker.port,
      groupId: groups.stock,
      sessionMs: settings.sessionTimeoutMs,
      topic: "order.start",
    });
    await rig.send(starts(20, 80));
    await untilHandled(80);
    assert.deepEqual(await handledOrders(rig.store), onceEach(range(0, 80)));
    assert.ok(bus.metrics.stalls >= 1, "the ghost had some of them");
    const said = bus.entries.find(({ message }) => message === "partitions stand still: joining the group anew");
    assert.match(String(said?.["which"]), /order\.start\/\d+ at \d+ of \d+/);
    assert.equal(said?.level, "error");
  });
});

describe("a member whose store is away", () => {
  test("is no stall, however long: it has the records in hand, and joining anew would not help", limit, async () => {
    const handler = createTestService();
    let isAway = true;
    handler.onHandle = () => {
      if (isAway) throw new StoreError("the disk is full", "transient", "SQLITE_FULL");
    };
    const bus = await rig.start({ settings, handler });
    await rig.send(starts(0, 20));
    await until("the first failure", () => bus.metrics.transientFailures > 0);
    const awayAtMs = performance.now();
    await until("three times what a stall is", () => performance.now() - awayAtMs > 3 * settings.stallAfterMs);
    assert.equal(bus.metrics.stalls, 0);
    isAway = false;
    await untilHandled(20);
    assert.equal(bus.metrics.stalls, 0);
  });
});
