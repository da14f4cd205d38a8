import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import {
  createRig,
  createTestService,
  handledOrders,
  messageOf,
  orderStart,
  range,
  type Rig,
  until,
} from "../testing.ts";

const limit = { timeout: 60_000 };

let rig: Rig;
beforeEach(async () => void (rig = await createRig()));
afterEach(() => rig.end());

const send = (from: number, to: number) => rig.send(range(from, to).map((n) => messageOf(orderStart(n))));

describe("a group that was away while messages came", () => {
  test("has caught up when it has read them, and what comes later does not matter", limit, async () => {
    await send(0, 30);
    const handler = createTestService();
    let release = () => {};
    const block = () => new Promise<void>((resolve) => (release = resolve));
    let blocked: Promise<void> | undefined = block();
    handler.onHandle = () => blocked;
    const bus = await rig.start({ handler });
    const catchUp = bus.catchUp(["order.start"]);
    assert.equal(await catchUp.isDone(), false, "nothing is read yet");
    blocked = undefined;
    release();
    await until("all to be read", async () => (await handledOrders(rig.store)).length === 30);
    assert.equal(await catchUp.isDone(), true);
    blocked = block();
    await send(30, 60);
    assert.equal(await catchUp.isDone(), true);
    assert.equal(await bus.catchUp(["order.start"]).isDone(), false);
    blocked = undefined;
    release();
  });

  test("has caught up at once where nothing was sent", limit, async () => {
    const bus = await rig.start();
    assert.equal(await bus.catchUp(["order.start"]).isDone(), true);
  });

  test("cannot know while the broker is gone", limit, async () => {
    const bus = await rig.start();
    await rig.broker.kill9();
    await assert.rejects(bus.catchUp(["order.start"]).isDone());
    await rig.restartBroker();
  });
});
