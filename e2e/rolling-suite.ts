// For tests only.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { type Service, services } from "#contracts/topics.ts";
import { testUnless, until } from "#kafka/testing.ts";
import { auditFindings } from "./audit-findings.ts";
import { withEvidence } from "./evidence.ts";
import { type Platform, platformUnavailable } from "./processes.ts";
import { openShop, type PlacedOrder, type Shop } from "./shop.ts";
import type { Worker } from "./worker.ts";

const limit = { timeout: 290_000 };
const buyers = 4;

/** A shop with two instances of each service. */
interface Pairs {
  readonly shop: Shop;
  both(service: Service): readonly (Worker | undefined)[];
  /** Ends each instance in turn and starts it again, while customers buy one thing after another. */
  roll(signal: "SIGTERM" | "SIGKILL"): Promise<{ orders: PlacedOrder[]; tookMs: number[] }>;
}

/** Two instances of each service share a store, and each is stopped, then killed, and started again under load. */
export async function describeRolling(platform: Platform): Promise<void> {
  const unavailable = await platformUnavailable(platform);
  const where = `${platform.broker}${platform.stores === "libSQL servers" ? " with stores on libSQL servers" : ""}`;
  const claim = (name: string, run: () => Promise<void>) => testUnless(unavailable, name, run, limit);
  describe(`two instances of each service on ${where}, under load`, () => {
    let pairs: Pairs;
    before(async () => {
      if (unavailable === null) pairs = await openPairs(platform);
    });
    after(() => pairs?.shop.end());

    for (const [signal, how] of [
      ["SIGTERM", "stopped"],
      ["SIGKILL", "killed"],
    ] as const) {
      const name = `each ${how} in turn and started again: every order ends once, and the audit is clean`;
      const run = async () => {
        const { orders, tookMs } = await pairs.roll(signal);
        assert.ok(orders.length > buyers, `only ${orders.length} orders: none ended while instances were ${how}`);
        await pairs.shop.assertSettled(orders);
        assert.deepEqual(await auditFindings(pairs.shop.processes.storeUrls), []);
        const at = (share: number) => (tookMs[Math.floor(tookMs.length * share)] ?? 0).toFixed(0);
        console.log(
          `all eight ${how}: ${orders.length} orders, from post to agreed end: half within ${at(0.5)} ms, 99 % within ` +
            `${at(0.99)} ms, the longest ${tookMs.at(-1)?.toFixed(0)} ms`,
        );
      };
      claim(name, () => withEvidence(pairs.shop.processes, run));
    }

    claim("both of a service have partitions, and every order ends", async () => {
      // After a kill records are tried one by one for a while, each in transactions of its own: slow where each is round trips.
      await pairs.shop.assertSettled(await pairs.shop.placeMixed(70), 180_000);
      for (const service of ["stock", "order", "payment"] satisfies Service[]) {
        // Not that both consume: the group may have given one of them all partitions of a topic that nobody writes just now.
        for (const worker of pairs.both(service)) {
          const has = () => /"partitions assigned","partitions":[1-9]/.test(worker?.output() ?? "");
          await until(`${service} at ${worker?.url} to have partitions`, has, 60_000);
        }
      }
    });
  });
}

async function openPairs(platform: Platform): Promise<Pairs> {
  const shop = await openShop(platform);
  const seconds = new Map<Service, Worker>();

  async function startSecond(service: Service): Promise<void> {
    const worker = await shop.processes.startSecond(service);
    seconds.set(service, worker);
    await isReady(worker);
  }

  async function rollAll(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
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
  }

  try {
    for (const service of services) await startSecond(service);
  } catch (error) {
    await shop.end();
    throw error;
  }
  return {
    shop,
    both: (service) => [shop.processes.worker(service), seconds.get(service)],
    async roll(signal) {
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
      await rollAll(signal).finally(() => (isRolling = false));
      await buying;
      return { orders, tookMs: tookMs.toSorted((a, b) => a - b) };
    },
  };
}

const isReady = (worker: Worker) =>
  until("it to be ready", async () => (await fetch(`${worker.url}/ready`).catch(() => undefined))?.ok === true, 60_000);
