import { Database } from "bun:sqlite";
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { temporaryFolder } from "#db/temporary-store.ts";
import type { Phase, PhaseReport } from "./phase.ts";
import { runPhase } from "./run-phase.ts";

interface Intake {
  /** Called before each answer. */
  readonly beforeAnswer?: (request: number) => Promise<void>;
  readonly status?: (request: number) => number;
  /** What its store shows of an order. */
  readonly ends: (request: number) => boolean;
}

const idOf = (request: number) => `01a20000-0000-7000-8000-${String(request).padStart(12, "0")}`;

/** Posts to an intake that does as it is told. */
async function post(load: Phase["load"], connections: number, intake: Intake): Promise<PhaseReport> {
  const folder = temporaryFolder();
  const storePath = join(folder.path, "intake.db");
  const store = new Database(storePath);
  store.run("PRAGMA journal_mode=WAL");
  store.run("CREATE TABLE orders (order_id TEXT PRIMARY KEY, status TEXT NOT NULL)");
  let requests = 0;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch() {
      const request = requests++;
      await intake.beforeAnswer?.(request);
      const status = intake.status?.(request) ?? 202;
      if (status !== 202) return new Response("no", { status });
      store.run("INSERT INTO orders VALUES (?, ?)", [idOf(request), intake.ends(request) ? "paid" : "received"]);
      return new Response("{}", { status, headers: { location: `/orders/${idOf(request)}` } });
    },
  });
  try {
    const { port = 0 } = server;
    const phase = { port, storePath, bodies: ["{}"], firstBody: 0, keyPrefix: "k-", connections, load };
    return await runPhase({ ...phase, settleWithinMs: 500 }, () => {});
  } finally {
    await server.stop(true);
    store.close();
    folder.remove();
  }
}

describe("an open loop", () => {
  const load = { kind: "open", ratePerSecond: 100, durationMs: 200 } as const;

  test("counts from when an order was due, also where an answer held all others up", async () => {
    const beforeAnswer = (request: number) => (request === 0 ? delay(150) : Promise.resolve());
    const { orders } = await post(load, 1, { beforeAnswer, ends: () => true });
    const [first] = orders;
    assert.ok(first);
    assert.equal(orders.length, 20);
    const dueMs = orders.map(({ intendedAtMs }) => Math.round(intendedAtMs - first.intendedAtMs));
    assert.deepEqual(
      dueMs,
      orders.map((_, index) => index * 10),
    );
    for (const { answeredAtMs, endedAtMs } of orders) {
      assert.ok(answeredAtMs >= first.answeredAtMs, "none was answered before the first, on the only connection");
      assert.ok(endedAtMs !== null && endedAtMs >= answeredAtMs);
    }
  });

  test("tells of each order that does not end, and of no other", async () => {
    const { orders } = await post(load, 4, { ends: (request) => request !== 7 });
    const open = orders.filter(({ endedAtMs }) => endedAtMs === null).map(({ orderId }) => orderId);
    assert.deepEqual(open, [idOf(7)]);
  });

  test("tells of requests that were refused, with the first answer", async () => {
    const status = (request: number) => (request < 2 ? 429 : 202);
    const { orders, refused, firstRefusal } = await post(load, 4, { status, ends: () => true });
    assert.deepEqual([orders.length, refused], [18, 2]);
    assert.match(firstRefusal ?? "", /^HTTP\/1.1 429/);
  });
});

describe("a closed loop", () => {
  test("sends no more than may be in flight while none ends", async () => {
    const load = { kind: "closed", inFlightAtMost: 5, durationMs: 200 } as const;
    const { orders } = await post(load, 10, { ends: () => false });
    assert.equal(orders.length, 5);
  });
});
