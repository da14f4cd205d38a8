import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Service, services } from "#contracts/topics.ts";
import { until } from "#kafka/testing.ts";
import { openShop, type Shop } from "./shop.ts";

const limit = { timeout: 120_000 };
const consumers = ["stock", "order", "payment"] satisfies Service[];

describe("the readiness of workers", () => {
  let shop: Shop;
  before(async () => {
    shop = await openShop({ runtime: "Bun", broker: "the embedded broker" });
  });
  after(() => shop.end());

  const ask = async (service: Service) => {
    const response = await fetch(`${shop.processes.worker(service).url}/ready`);
    return { isReady: response.ok, text: await response.text() };
  };
  const untilReady = (isReady: boolean, asked: readonly Service[]) =>
    until(`${asked.join(", ")} to be ${isReady ? "ready" : "not ready"}`, async () =>
      (await Promise.all(asked.map(ask))).every((answer) => answer.isReady === isReady),
    );

  test("comes when the group has given each its partitions, and not before", limit, async () => {
    await untilReady(true, services);
    await shop.processes.broker.away();
    const workers = await Promise.all(services.map((service) => shop.processes.restart(service)));
    for (const service of consumers) {
      assert.match((await ask(service)).text, /consuming waits for the broker or the store since 20/, service);
    }
    assert.equal((await ask("intake")).isReady, true, "orders can be taken without the broker");
    await shop.processes.broker.back();
    await untilReady(true, services);
    for (const worker of workers) {
      await until("its partitions", () => worker.output().includes(`"partitions assigned"`));
    }
  });

  test("goes when the broker stays away, but for intake, which takes orders; and comes again", limit, async () => {
    await untilReady(true, services);
    await shop.processes.broker.away();
    await untilReady(false, consumers);
    const orders = await shop.placeMixed(7);
    assert.equal((await ask("intake")).isReady, true);
    await shop.processes.broker.back();
    await untilReady(true, services);
    await shop.assertSettled(orders);
  });
});
