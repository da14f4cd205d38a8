import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { asc } from "drizzle-orm";
import { StoreError } from "#db/errors.ts";
import { migrations } from "#db/order/migrations.ts";
import { orders } from "#db/order/schema.ts";
import { scansOf } from "../testing/handler-laws.ts";
import { sampleMessages } from "../testing/sample-messages.ts";
import { openServiceUnderTest, type ServiceUnderTest } from "../testing/service-under-test.ts";
import { type DeadlinesOptions, runDeadlines } from "./deadlines.ts";
import { createOrderHandler, expireOrders } from "./handlers.ts";

const settings = { deadlineAfterMs: 1_000, accountCurrency: "GBP", totalLimitMinor: 1e9 };
const { signal } = new AbortController();
let service: ServiceUnderTest;

beforeEach(async () => {
  service = await openServiceUnderTest("order", migrations);
});
afterEach(() => service.remove());

/** Creates orders at this moment, as the bus does: their rows and what they publish. */
async function create(count: number, nowMs: number): Promise<void> {
  await service.write(signal, async (tx) => {
    const { outbox } = await createOrderHandler(settings).handle(tx, sampleMessages("stock.success", count), nowMs);
    return { result: undefined, outbox };
  });
  service.takeHanded();
}
const rows = () => service.store.read(signal, (db) => db.select().from(orders).orderBy(asc(orders.orderId)));

/** Runs the timer's loop, of one instance or more, until it has decided this many orders. */
async function run(count: number, options: Partial<DeadlinesOptions> = {}, instances = 1): Promise<string[]> {
  const controller = new AbortController();
  const decided: string[] = [];
  const { write, log } = service;
  const one = () =>
    runDeadlines({
      write,
      settings,
      intervalMs: 1,
      perSecond: 10_000,
      catchUp: () => ({ isDone: () => Promise.resolve(true) }),
      isBehind: () => false,
      signal: controller.signal,
      log,
      onDecided(outcomes) {
        decided.push(...outcomes);
        if (decided.length >= count) controller.abort();
      },
      ...options,
    });
  await Promise.all(Array.from({ length: instances }, one));
  return decided;
}

describe("orders whose deadline has passed", () => {
  test("are voided at payment once, in the trace that they were created in", async () => {
    await create(3, Date.now() - 2_000);
    assert.deepEqual(await run(3), ["voided", "voided", "voided"]);
    const traces = sampleMessages("stock.success", 3).map(({ event, traceparent }) => [
      `payment.void/${event.orderId}/deadline`,
      traceparent,
    ]);
    assert.deepEqual(
      service.takeHanded().map(({ messageId, traceparent }) => [messageId, traceparent]),
      traces,
    );
    assert.ok((await rows()).every(({ status, expiredAtMs }) => status === "created" && expiredAtMs !== null));
    const again = await service.store.write(signal, (tx) => expireOrders(tx, settings, Date.now(), 10));
    assert.deepEqual(again, { outbox: [], outcomes: [] });
  });

  test("are all decided, however many became due at once", async () => {
    await create(1_200, Date.now() - 2_000);
    assert.equal((await run(1_200)).length, 1_200);
    assert.equal(service.takeHanded().length, 1_200);
  });

  test("go out at a limited rate, however many became due in a downtime", async () => {
    await create(60, Date.now() - 2_000);
    const sizes: number[] = [];
    const { write } = service;
    const counted: DeadlinesOptions["write"] = (at, work) =>
      write(at, async (tx, nowMs) => {
        const written = await work(tx, nowMs);
        sizes.push(written.outbox.length);
        return written;
      });
    assert.equal((await run(60, { perSecond: 40, write: counted })).length, 60);
    assert.equal(sizes[0], 40, "what a second allows goes at once");
    assert.ok(sizes.slice(1).every((size) => size < 40));
  });

  test("are decided once by several instances on one store", async () => {
    await create(700, Date.now() - 2_000);
    const { write } = service;
    // Each looks again before the other's transaction is through.
    const interleaved: DeadlinesOptions["write"] = async (at, work) => {
      await new Promise((resolve) => setImmediate(resolve));
      return write(at, work);
    };
    assert.equal((await run(700, { write: interleaved, perSecond: 100 * 1_000 }, 3)).length, 700);
    const ids = service.takeHanded().map(({ messageId }) => messageId);
    assert.deepEqual([ids.length, new Set(ids).size], [700, 700]);
  });

  test("wait until the verdicts are read that were there at the start, and again after each standstill", async () => {
    await create(2, Date.now() - 2_000);
    let asked = 0;
    let begun = 0;
    let behind = false;
    const catchUp = () => {
      begun += 1;
      return { isDone: () => Promise.resolve((asked += 1) % 5 === 0) };
    };
    assert.deepEqual(await run(2, { catchUp, isBehind: () => behind }), ["voided", "voided"]);
    assert.deepEqual([begun, asked], [1, 5]);
    let looks = 0;
    const controller = new AbortController();
    behind = true;
    await run(1, {
      catchUp,
      signal: controller.signal,
      isBehind() {
        looks += 1;
        if (looks === 20) controller.abort();
        return behind;
      },
    });
    assert.deepEqual([begun, asked], [22, 5], "a new moment each time, and no question before consuming goes on");
    assert.deepEqual(service.takeHanded().length, 2);
  });

  test("wait while nobody can say what was missed", async () => {
    await create(1, Date.now() - 2_000);
    let failures = 0;
    const isDone = () => {
      failures += 1;
      return failures < 3 ? Promise.reject(new Error("no broker")) : Promise.resolve(true);
    };
    assert.deepEqual(await run(1, { catchUp: () => ({ isDone }) }), ["voided"]);
    assert.equal(failures, 3);
    assert.deepEqual(
      service.logged.map(({ message }) => message),
      ["deadlines wait", "verdicts are read, deadlines are decided"],
    );
  });

  test("are decided later when the store fails, and none is lost", async () => {
    await create(1, Date.now() - 2_000);
    let failures = 0;
    service.beforeCommit = () => {
      if (failures > 0) return;
      failures += 1;
      throw new StoreError("disk full", "transient", "SQLITE_FULL");
    };
    assert.deepEqual(await run(1), ["voided"]);
    assert.deepEqual(
      service.logged.map(({ message }) => message),
      ["deadlines wait", "verdicts are read, deadlines are decided"],
    );
  });

  test("are found by an index, in three statements whatever their number", async () => {
    const texts: string[][] = [];
    for (const count of [1, 50, 500]) {
      const expired = service.store.write(signal, async (tx) => {
        await createOrderHandler(settings).handle(tx, sampleMessages("stock.success", count), 1);
        service.takeStatements();
        assert.equal((await expireOrders(tx, settings, 5_000, 500)).outcomes.length, count);
        texts.push(service.takeStatements());
        throw new Error("rolled back");
      });
      await assert.rejects(expired, /^Error: rolled back$/);
    }
    assert.deepEqual([texts[0]?.length, texts[1], texts[2]], [3, texts[0], texts[0]]);
    assert.deepEqual(await scansOf(service.store, texts[0] ?? []), []);
  });
});

describe("orders that are not due", () => {
  test("are left alone: before the deadline, and when they are paid", async () => {
    await create(2, 1_000);
    const expire = (nowMs: number) => service.store.write(signal, (tx) => expireOrders(tx, settings, nowMs, 10));
    assert.deepEqual(await expire(1_999), { outbox: [], outcomes: [] });
    const [paid] = sampleMessages("payment.success", 1);
    assert.ok(paid);
    await service.store.write(signal, (tx) => createOrderHandler(settings).handle(tx, [paid], 1_500));
    assert.deepEqual((await expire(2_000)).outcomes, ["voided"]);
  });
});
