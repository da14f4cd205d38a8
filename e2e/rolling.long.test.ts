import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { type Service, services } from "#contracts/topics.ts";
import { apacheKafkaUnavailable } from "#kafka/apache-kafka/jars.ts";
import { testUnless, until } from "#kafka/testing.ts";
import { auditFindings } from "./audit-findings.ts";
import { openShop, type PlacedOrder, type Shop } from "./shop.ts";
import type { Worker } from "./worker.ts";

const unavailable = await apacheKafkaUnavailable();
const limit = { timeout: 290_000 };
const buyers = 4;

describe("two instances of each service on Apache Kafka, under load", () => {
  let shop: Shop;
  const seconds = new Map<Service, Worker>();
  before(async () => {
    if (unavailable !== null) return;
    shop = await openShop({ runtime: "Bun", broker: "Apache Kafka" });
    for (const service of services) await startSecond(service);
  });
  after(() => shop?.end());

  async function startSecond(service: Service): Promise<void> {
    const worker = await shop.processes.startSecond(service);
    seconds.set(service, worker);
    await isReady(worker);
  }
  const isReady = (worker: Worker) =>
    until(
      "it to be ready",
      async () => (await fetch(`${worker.url}/ready`).catch(() => undefined))?.ok === true,
      60_000,
    );

  /** Ends each instance in turn and starts it again, while customers buy one thing after another. */
  async function roll(signal: "SIGTERM" | "SIGKILL"): Promise<{ orders: PlacedOrder[]; tookMs: number[] }> {
    let isRolling = true;
    const orders: PlacedOrder[] = [];
    const tookMs: number[] = [];
    const buy = async () => {
      while (isRolling) {
        const beganAtMs = performance.now();
        const order = await shop.place("paid");
        orders.push(order);
        await shop.assertSettled([order], 60_000);
        tookMs.push(performance.now() - beganAtMs);
      }
    };
    const buying = Promise.all(Array.from({ length: buyers }, buy));
    const rolling = async () => {
      for (const service of services) {
        const first = shop.processes.worker(service);
        first.signal(signal);
        await first.ended;
        await isReady(await shop.processes.restart(service));
        const second = seconds.get(service);
        second?.signal(signal);
        await second?.ended;
        await startSecond(service);
      }
    };
    await rolling().finally(() => (isRolling = false));
    await buying;
    return { orders, tookMs: tookMs.toSorted((a, b) => a - b) };
  }

  for (const [signal, how] of [
    ["SIGTERM", "stopped"],
    ["SIGKILL", "killed"],
  ] as const) {
    testUnless(
      unavailable,
      `each ${how} in turn and started again: every order ends once, and the audit is clean`,
      async () => {
        const { orders, tookMs } = await roll(signal);
        assert.ok(orders.length >= 8, `only ${orders.length} orders: there was no load`);
        await shop.assertSettled(orders);
        assert.deepEqual(await auditFindings(shop.processes.storeUrls), []);
        const at = (share: number) => (tookMs[Math.floor(tookMs.length * share)] ?? 0).toFixed(0);
        console.log(
          `all eight ${how}: ${orders.length} orders, from post to agreed end: half within ${at(0.5)} ms, 99 % within ` +
            `${at(0.99)} ms, the longest ${tookMs.at(-1)?.toFixed(0)} ms`,
        );
      },
      limit,
    );
  }

  testUnless(
    unavailable,
    "both of a service have partitions, and every order ends",
    async () => {
      await shop.assertSettled(await shop.placeMixed(140));
      for (const service of ["stock", "order", "payment"] satisfies Service[]) {
        // Not that both consume: the group may have given one of them all partitions of a topic that nobody writes just now.
        for (const worker of [shop.processes.worker(service), seconds.get(service)]) {
          const has = () => /"partitions assigned","partitions":[1-9]/.test(worker?.output() ?? "");
          await until(`${service} at ${worker?.url} to have partitions`, has, 60_000);
        }
      }
    },
    limit,
  );
});
