// For tests only.
import assert from "node:assert/strict";
import { type Service, services } from "#contracts/topics.ts";
import { until } from "#kafka/testing.ts";
import { auditFindings } from "./audit-findings.ts";
import { lockStore, metricOf, readiness } from "./outages.ts";
import type { Shop } from "./shop.ts";

const consumers = ["stock", "order", "payment"] satisfies Service[];

/** Locks all stores while orders are under way, at least until each service says that it waits, and then for `meanwhile`. */
export async function assertOutlastsLocks(shop: Shop, meanwhile: () => Promise<void>): Promise<void> {
  const settled = await shop.placeMixed(7);
  await shop.assertSettled(settled);
  const underWay = await shop.placeMixed(70);
  const locks = await Promise.all(services.map((service) => lockStore(shop.processes.storeUrls[service])));
  // Intake answers that it cannot take them now, and they are sent again.
  const refused = shop.placeMixed(28);
  try {
    // Those that had something in hand: what comes of it does not reach the others.
    await until("one to say that it waits", async () => {
      const answers = await Promise.all(consumers.map((service) => readiness(shop, service)));
      return answers.some(({ isReady, text }) => !isReady && /waits for the broker or the store since/.test(text));
    });
    await until("tries that failed to be counted", async () => {
      const counts = await Promise.all(consumers.map((service) => metricOf(shop, service, "transient_failures_total")));
      return counts.some((count) => count > 0);
    });
    await meanwhile();
  } finally {
    for (const unlock of locks) await unlock();
  }
  await shop.assertSettled([...settled, ...underWay, ...(await refused)], 60_000);
  for (const service of services) assert.deepEqual(await shop.stores.deadLetters(service), [], service);
  assert.deepEqual(await auditFindings(shop.processes.storeUrls), []);
}
