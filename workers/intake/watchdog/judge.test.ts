import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { GroupPlace } from "#bus/consume/progress.ts";
import { accept, type View } from "../decide.ts";
import { hopsOf } from "./hops.ts";
import { createJudge, nameDead } from "./judge.ts";

const orderId = "019aa5f0-0000-7000-8000-000000000001";
const lines = [{ productId: "pen", quantity: 1 }];
const { view } = accept({ orderId, customerId: "ada", currency: "GBP", lines }, { nowMs: 0, cancelWindowMs: 0 });
const received = view as View;
const standstillMs = 100;

/** A broker of which a test says how far each group has read. */
function brokerOf(open: readonly View[]) {
  const judge = createJudge(standstillMs);
  const logs = new Map<string, { committed: number; end: number }>();
  const nameOf = ({ groupId, topic }: Pick<GroupPlace, "groupId" | "topic">) => `${topic} > ${groupId.split(".")[1]}`;
  return {
    set: (name: string, committed: number, end: number) => void logs.set(name, { committed, end }),
    look(nowMs: number, now = open) {
      const progress = judge
        .places(now)
        .map((place) => ({ ...place, ...(logs.get(nameOf(place)) ?? { committed: 0, end: 0 }) }));
      return judge.judge(now, progress, nowMs).map(({ message, service, why }) => `${message} at ${service}: ${why}`);
    },
    blind: (nowMs: number) => judge.judge(open, undefined, nowMs).map(({ message, why }) => `${message}: ${why}`),
  };
}

describe("an order that stock has not read", () => {
  test("is not stuck while stock gets nearer, however long that takes", () => {
    const broker = brokerOf([received]);
    for (let look = 0; look < 100; look++) {
      broker.set("order.start > stock", look, 1_000 + 50 * look);
      assert.deepEqual(broker.look(look * 90), []);
    }
  });

  test("is stuck when stock stands still, and no more when it goes on", () => {
    const broker = brokerOf([received]);
    broker.set("order.start > stock", 5, 9);
    assert.deepEqual(broker.look(0), []);
    assert.deepEqual(broker.look(99), []);
    assert.deepEqual(broker.look(100), ["order.start at stock: unread"]);
    broker.set("order.start > stock", 6, 9);
    assert.deepEqual(broker.look(110), []);
  });

  test("does not wait for what came after it", () => {
    const broker = brokerOf([received]);
    broker.set("order.start > stock", 0, 3);
    broker.look(0);
    broker.set("order.start > stock", 3, 500);
    broker.set("stock.success > order", 0, 4);
    broker.look(10);
    broker.look(20);
    assert.deepEqual(
      broker.look(130),
      ["stock.success at order: unread"],
      "stock has read it, whatever else it has not",
    );
  });
});

describe("an order about which all is read", () => {
  test("is stuck: nothing is on its way that could bring it on", () => {
    const broker = brokerOf([received]);
    const looks = Array.from({ length: 9 }, (_, look) => broker.look(look));
    assert.deepEqual(looks.at(-1), ["order.start at stock: unanswered"]);
    assert.deepEqual(looks[0], [], "one look sees one service only");
  });

  test("waits for the message that was set aside, where there is one; a dead copy at another reader is not it", () => {
    const stuck = {
      orderId,
      status: "received",
      message: "order.start",
      service: "stock",
      why: "unanswered",
      sinceMs: 0,
    } as const;
    const copy = { topic: "stock.success", groupId: "orderwright.order", key: orderId, reason: "no-json" } as const;
    const { message, service, why, reason } = { reason: undefined, ...nameDead(stuck, received, [copy]) };
    assert.deepEqual([message, service, why, reason], ["stock.success", "order", "dead-letter", "no-json"]);
    for (const other of [
      { ...copy, key: "other" },
      { ...copy, groupId: "orderwright.view" },
    ]) {
      assert.equal(nameDead(stuck, received, [other]), stuck);
    }
  });

  test("is followed anew when it goes on", () => {
    const broker = brokerOf([received]);
    for (let look = 0; look < 9; look++) broker.look(look);
    const created: View = { ...received, status: "created", createdAtMs: 9 };
    broker.set("payment.request > payment", 1, 2);
    assert.deepEqual(broker.look(10, [created]), []);
    assert.deepEqual(broker.look(110, [created]), ["payment.request at payment: unread"]);
  });
});

test("an order of which nobody can be asked waits for the broker, and for the message that was next", () => {
  const broker = brokerOf([received]);
  assert.deepEqual(broker.blind(0), ["order.start: no-broker"]);
  broker.look(1);
  assert.deepEqual(broker.blind(2), ["stock.success: no-broker"]);
});

test("a paid order goes on only where its customer cancels, and then to payment", () => {
  const paid: View = { ...received, status: "paid", paidAtMs: 1 };
  assert.deepEqual(
    hopsOf(paid).map(({ message }) => message),
    ["order.cancel"],
  );
  assert.deepEqual(
    hopsOf({ ...paid, cancelRequestedAtMs: 2 }).map(({ message, service }) => `${message} at ${service}`),
    ["order.cancel.request at order", "payment.void at payment", "order.cancel at intake"],
  );
  assert.deepEqual(hopsOf({ ...paid, status: "cancelled" }), []);
});
