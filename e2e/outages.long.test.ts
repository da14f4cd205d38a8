import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertOutlastsLocks } from "./locked-stores.ts";
import { openShop, type Shop } from "./shop.ts";
import { describeUnreliableBroker } from "./unreliable-broker.ts";

describeUnreliableBroker({ delayAtMostMs: 250, breaksOneIn: 40 }, 120);

describe("stores that another process has locked for a minute", () => {
  let shop: Shop;
  before(async () => {
    shop = await openShop({ runtime: "Bun", broker: "the embedded broker" });
  });
  after(() => shop.end());

  test("are written when they are free: nothing lost, nothing set aside", { timeout: 200_000 }, async () => {
    // Not a wait for anything: how long it lasts is what is tested.
    await assertOutlastsLocks(shop, () => sleep(60_000));
  });
});
