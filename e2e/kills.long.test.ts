import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Service, services } from "#contracts/topics.ts";
import { connect } from "#db/connection.ts";
import { until } from "#kafka/testing.ts";
import { seeded } from "#workers/testing/random-messages.ts";
import { auditFindings } from "./audit-findings.ts";
import { faultPoints, placeAroundDeath } from "./deaths.ts";
import { openShop, type PlacedOrder, type Shop } from "./shop.ts";
import type { Worker } from "./worker.ts";

const limit = { timeout: 300_000 };

function describeShop(state: string, tests: (shop: () => Shop) => void): void {
  describe(state, () => {
    let shop: Shop;
    before(async () => {
      shop = await openShop({ runtime: "Bun", broker: "the embedded broker" });
    });
    after(() => shop.end());
    tests(() => shop);
    test("at the end the audit finds nothing wrong", limit, async () => {
      assert.deepEqual(await auditFindings(shop.processes.storeUrls), []);
    });
  });
}

describeShop("a worker that is killed", (shop) => {
  for (const service of services) {
    for (const point of faultPoints) {
      test(`${service} ${point}: started again it ends every order, nothing twice`, limit, async () => {
        await shop().assertSettled(await placeAroundDeath(shop(), service, `${point}:3`), 60_000);
      });
    }
  }
});

describeShop("workers that are killed at any moment", (shop) => {
  const seed = Number(process.env["E2E_SEED"] ?? Date.now() % 1_000_000);
  test(`20 kills: every order ends, nothing twice (E2E_SEED=${seed})`, limit, async () => {
    const random = seeded(seed);
    const orders: PlacedOrder[] = [];
    for (let kill = 0; kill < 20; kill += 1) {
      const service = random.pick(services);
      const placing = shop().placeMixed(7 + random.below(60));
      // Not a wait for anything: the moment of the kill is what is random.
      await sleep(random.below(150));
      shop().processes.worker(service).signal("SIGKILL");
      await shop().processes.restart(service);
      const placed = await placing;
      orders.push(...placed);
      // Every other time the next kill comes while a dead member still holds partitions.
      if (random.below(2) === 0) await shop().assertSettled(placed, 60_000);
    }
    await shop().assertSettled(orders, 90_000);
    for (const service of services) assert.deepEqual(await shop().stores.deadLetters(service), [], service);
  });
});

describeShop("a worker that is stopped until its partitions have moved to another instance", (shop) => {
  for (const service of ["stock", "order", "payment"] satisfies Service[]) {
    test(`${service}: what it had in hand when it wakes up changes nothing`, limit, async () => {
      const first = shop().processes.worker(service);
      const second = await shop().processes.startSecond(service);
      await until("the second instance to have partitions", () => second.output().includes('"partitions assigned"'));
      const { orders, stopped } = await stopAtWork(shop(), service, [first, second]);
      // One in each partition, more or less: they end by the other instance, once it has them all.
      const meanwhile = await shop().placeMixed(28);
      await shop().assertSettled(meanwhile, 60_000);
      stopped.signal("SIGCONT");
      orders.push(...meanwhile, ...(await shop().placeMixed(28)));
      await shop().assertSettled(orders, 60_000);
    });
  }
});

describeShop("a broker that is gone for ten seconds and comes back", (shop) => {
  test("orders are taken all the while, and end when it is back", limit, async () => {
    const orders = await shop().placeMixed(28);
    await shop().processes.broker.away();
    orders.push(...(await shop().placeMixed(28)));
    await sleep(10_000);
    orders.push(...(await shop().placeMixed(7)));
    await shop().processes.broker.back();
    await shop().assertSettled(orders, 60_000);
  });
});

/**
 * Stops the instance that is first to decide something of new orders. Not inside a transaction: a process that is frozen
 * with a file's write lock keeps it, whoever else waits, so such a one is woken up and stopped again.
 */
async function stopAtWork(shop: Shop, service: Service, instances: readonly Worker[]) {
  const orders: PlacedOrder[] = [];
  for (;;) {
    const before = await Promise.all(instances.map(consumed));
    const placing = shop.placeMixed(70);
    let busy: Worker | undefined;
    await until("one to be at work", async () => {
      const now = await Promise.all(instances.map(consumed));
      busy = instances.find((_, index) => (now[index] ?? 0) > (before[index] ?? 0));
      return busy !== undefined;
    });
    busy?.signal("SIGSTOP");
    orders.push(...(await placing));
    if (busy && (await canBeWritten(shop.processes.storeUrls[service]))) return { orders, stopped: busy };
    busy?.signal("SIGCONT");
    await shop.assertSettled(orders, 60_000);
  }
}

async function canBeWritten(url: string): Promise<boolean> {
  const connection = await connect({ url }, "writer");
  try {
    // Others hold it for milliseconds.
    await until("the write lock", () => connection.transaction("write", async () => {}).then(always, never), 2_000);
    return true;
  } catch {
    return false;
  } finally {
    connection.close();
  }
}

const always = () => true;
const never = () => false;

/** How many messages it has decided. */
async function consumed(worker: Worker): Promise<number> {
  const text = await (await fetch(`${worker.url}/metrics`)).text();
  return Number(/^orderwright_consumed_total\{.*\} (\d+)$/m.exec(text)?.[1] ?? 0);
}
