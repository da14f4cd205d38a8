import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { startInstance } from "#db/instances.ts";
import { insertOutbox, type OutboxMessage } from "#db/outbox.ts";
import { openTemporaryStore, type TemporaryStore } from "#db/temporary-store.ts";
import { until } from "#kafka/testing.ts";
import { createBusMetrics } from "../metrics.ts";
import { range, testMigrations, testSettings } from "../testing.ts";
import { createWakeUp } from "../wake-up.ts";
import type { Delivery } from "./delivery.ts";
import { createRelayLane, nothingUnread, type RelayLane } from "./relay-lane.ts";
import { createRelay } from "./relay.ts";

let temporary: TemporaryStore;
let lane: RelayLane;
let ending: AbortController;
let running: Promise<void>;
/** The ids of each round that was sent. */
let sent: string[][];
beforeEach(async () => {
  temporary = await openTemporaryStore(testMigrations);
  const { store } = temporary;
  ending = new AbortController();
  const { signal } = ending;
  await store.write(signal, (tx) => startInstance(tx, "i", 1));
  sent = [];
  const delivery: Delivery = {
    prepare: () => {},
    deliver(rows) {
      sent.push(rows.map(({ messageId }) => messageId));
      return Promise.resolve({});
    },
    close: () => Promise.resolve(),
  };
  const wakeUp = createWakeUp();
  const onChange = wakeUp.notify;
  lane = createRelayLane({ store, instanceId: "i", unread: nothingUnread, bufferRows: 1_000, pageRows: 100, onChange });
  const metrics = createBusMetrics();
  const settings = testSettings;
  const relay = createRelay({
    store,
    instanceId: "i",
    lane,
    delivery,
    settings,
    metrics,
    wakeUp,
    signal,
    log: () => {},
  });
  running = relay.run();
  await relay.meet("life");
  await until("the outbox was read", () => !lane.isBehind());
});
afterEach(async () => {
  ending.abort();
  await running;
  await temporary.remove();
});

const message = (messageId: string, headers: string | null): OutboxMessage => {
  return { messageId, topic: "t", key: null, value: null, traceparent: null, headers };
};
const copies = (count: number) => range(0, count).map((number) => message(`copy ${number}`, "[]"));

async function commit(rows: readonly OutboxMessage[]): Promise<void> {
  lane.hand(await temporary.store.write(ending.signal, (tx) => insertOutbox(tx, "i", rows, 1)), rows, 1);
}

describe("copies of dead letters", () => {
  test("go along with the events that come next", async () => {
    await commit(copies(2));
    await commit([message("event", null)]);
    await until("all was sent", () => sent.flat().length === 3);
    assert.deepEqual(sent, [["copy 0", "copy 1", "event"]]);
  });
  test("go by themselves when no event comes", async () => {
    await commit(copies(1));
    await until("it was sent", () => sent.length > 0);
    assert.deepEqual(sent, [["copy 0"]]);
  });
  test("go at once when they are many", async () => {
    const many = testSettings.relaySmallRows;
    await commit(copies(many));
    await commit([message("event", null)]);
    await until("all was sent", () => sent.flat().length === many + 1);
    assert.equal(sent[0]?.length, many);
  });
});

describe("an event", () => {
  test("waits for nothing", async () => {
    await commit([message("first", null)]);
    await until("it was sent", () => sent.length === 1);
    await commit([message("second", null)]);
    await until("it was sent", () => sent.length === 2);
  });
});
