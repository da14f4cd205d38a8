import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type Service, services } from "#contracts/topics.ts";
import { temporaryFolder } from "#db/temporary-store.ts";
import { testUnless, until } from "#kafka/testing.ts";
import { auditFindings } from "./audit-findings.ts";
import { assertOutlastsLocks } from "./locked-stores.ts";
import {
  metricOf,
  mountSmallDisk,
  readiness,
  type SmallDisk,
  smallDiskUnavailable,
  withTemporaryFoldersOn,
} from "./outages.ts";
import { openShop, type PlacedOrder, type Shop } from "./shop.ts";

const limit = { timeout: 120_000 };
const consumers = ["stock", "order", "payment"] satisfies Service[];
const ordersAtMost = 7_000;
const unavailable = await smallDiskUnavailable();

describe("a shop whose disk is full", () => {
  let shop: Shop;
  let disk: SmallDisk;
  const elsewhere = temporaryFolder();
  before(async () => {
    if (unavailable !== null) return;
    disk = await mountSmallDisk(16);
    // Intake's store has room: it goes on taking orders, which the others then cannot keep.
    const environmentOf = (service: Service) => {
      const [folder = ""] = readdirSync(disk.path).filter((name) => name.startsWith("orderwright-"));
      const link = join(disk.path, folder, "intake.db");
      if (service === "intake") symlinkSync(join(elsewhere.path, "intake.db"), link);
      return {};
    };
    const platform = { runtime: "Bun", broker: "the embedded broker" } as const;
    shop = await withTemporaryFoldersOn(disk, () => openShop(platform, environmentOf));
    assert.match(shop.processes.storeUrls.stock, new RegExp(`^file:${disk.path}/`));
  });
  after(async () => {
    await shop?.end();
    await disk?.remove();
    elsewhere.remove();
  });

  const claim = "waits, says so, and goes on by itself: nothing lost, nothing set aside";
  testUnless(unavailable, claim, () => assertOutlastsFullDisk(shop, disk), limit);
});

async function assertOutlastsFullDisk(shop: Shop, disk: SmallDisk): Promise<void> {
  const settled = await shop.placeMixed(7);
  await shop.assertSettled(settled);
  disk.fill();
  const later: PlacedOrder[] = [];
  const isFull = (service: Service) => shop.processes.worker(service).output().includes("SQLITE_FULL");
  // What a write-ahead log had room for already is used up first.
  while (!consumers.some(isFull)) {
    assert.ok(later.length < ordersAtMost, "the disk never was full");
    // A kind for which payment's HTTP is not needed, whose store is full as well.
    later.push(...(await Promise.all(Array.from({ length: 70 }, () => shop.place("unknown customer")))));
  }
  await until("one to say that it waits", async () => {
    const answers = await Promise.all(consumers.map((service) => readiness(shop, service)));
    return answers.some(({ isReady, text }) => !isReady && /waits for the broker or the store since/.test(text));
  });
  const failures = await Promise.all(consumers.map((service) => metricOf(shop, service, "transient_failures_total")));
  assert.ok(Math.max(...failures) > 0, "tries that failed are counted");
  disk.empty();
  await shop.assertSettled([...settled, ...later], 60_000);
  for (const service of services) assert.deepEqual(await shop.stores.deadLetters(service), [], service);
  assert.deepEqual(await auditFindings(shop.processes.storeUrls), []);
}

describe("stores that another process has locked", () => {
  let shop: Shop;
  before(async () => {
    shop = await openShop({ runtime: "Bun", broker: "the embedded broker" });
  });
  after(() => shop.end());

  test("are waited for, said, and written when they are free: nothing lost, nothing set aside", limit, async () => {
    await assertOutlastsLocks(shop, async () => {});
  });
});
