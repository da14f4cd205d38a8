import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { groups } from "#contracts/topics.ts";
import { temporaryFolder } from "#db/temporary-store.ts";
import { baseProperties } from "#kafka/settings.ts";
import { openTestLoop, until } from "#kafka/testing.ts";
import { storeUrlsIn } from "../cli/audit/stores.ts";
import { auditFindings } from "./audit-findings.ts";
import { adminToken, orderwright, untilRefused } from "./disaster.ts";
import { openShop, type PlacedOrder, type Shop } from "./shop.ts";

const limit = { timeout: 60_000 };

describe("a shop on the embedded broker", () => {
  const elsewhere = temporaryFolder();
  const orders: PlacedOrder[] = [];
  let shop: Shop;
  before(async () => {
    shop = await openShop({ runtime: "Bun", broker: "the embedded broker" }, () => ({ ADMIN_TOKEN: adminToken }));
    orders.push(...(await shop.placeMixed(14)));
    await shop.assertSettled(orders);
  });
  after(async () => {
    await shop?.end();
    elsewhere.remove();
  });

  test("refuses a second instance that has a store of its own, and the first one goes on", limit, async () => {
    const other = await shop.processes.startSecond("stock", { STORE_URL: storeUrlsIn(elsewhere.path).stock });
    const refusal = await untilRefusedAt(other.url);
    assert.match(refusal, /since the store was lost, or is not the one that this group uses/);
    assert.match(refusal, /from the store [0-9a-f]{32}, while this one is [0-9a-f]{32}/);
    assert.match(refusal, /orderwright recover stock/);
    other.signal("SIGTERM");
    await other.ended;
    orders.push(...(await shop.placeMixed(14)));
    await shop.assertSettled(orders);
    assert.deepEqual(await auditFindings(shop.processes.storeUrls), []);
  });

  test(
    "refuses a service whose group a tool set to zero; as this broker drops what all have read, only a new shop goes on",
    limit,
    async () => {
      await shop.processes.restartAfter("payment", () => setToZero(shop, "payment.request"));
      const refusal = await untilRefused(shop, "payment");
      assert.match(refusal, /somebody moved its group's offsets/);
      assert.match(
        refusal,
        /payment\.request\/\d+: a tool has set the group to 0, while the store has read up to [1-9]/,
      );
      const said = await orderwright(shop.processes, ["recover", "payment"], 1);
      assert.match(
        said,
        /this is the embedded broker, which drops what all have read.*delete the stores of all four services/,
      );
    },
  );
});

async function untilRefusedAt(url: string): Promise<string> {
  let text = "";
  await until("the other to refuse", async () => {
    text = await (await fetch(`${url}/ready`)).text();
    return text.includes("does not consume");
  });
  return text;
}

/** As any consumer does that is started with a group's id and commits. */
async function setToZero({ processes }: Shop, topic: string): Promise<void> {
  const client = baseProperties(processes.broker.bootstrapServers);
  const loop = await openTestLoop(client, [topic], { groupId: groups.payment });
  const places = () => loop.assigned().map((each) => ({ topic, partition: each.partition, offset: 0, metadata: null }));
  await until("the tool to have all partitions", async () => {
    await loop.poll(1, 20);
    return places().length === 12;
  });
  loop.commit(places());
  await until("the group to be set", async () => {
    await loop.poll(1, 20);
    return (await loop.committed(places())).every((each) => each?.offset === 0);
  });
  await loop.close();
}
