import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Service, services } from "#contracts/topics.ts";
import { until } from "#kafka/testing.ts";
import { type Random, seeded } from "#workers/testing/random-messages.ts";
import { disagreements } from "./agreement.ts";
import { auditFindings } from "./audit-findings.ts";
import { type Courier, type Letter, openCourier } from "./courier.ts";
import { orderKinds } from "./order-kinds.ts";
import { openShop, type Shop } from "./shop.ts";
import { customerRaces, deadlineRaces } from "./worst-orders.ts";

const limit = { timeout: 120_000 };
const seed = Number(process.env["E2E_SEED"] ?? Date.now() % 1_000_000);

describe("messages of one order that are held back across topics, between workers on Bun and embedded brokers", () => {
  let shop: Shop;
  let courier: Courier;
  let apart = true;
  before(async () => {
    courier = await openCourier(() => shop.stores);
    shop = await openShop({ runtime: "Bun", broker: "the embedded broker" }, (service) =>
      apart ? courier.environmentOf(service) : {},
    );
  });
  after(async () => {
    await shop?.end();
    await courier?.end();
  });

  function force(name: string, { kind, cancels, carried, record, spentMinor }: (typeof customerRaces)[string]): void {
    test(`${name}; all of it three times more, last first, changes nothing`, limit, async () => {
      const { orderId, customerId } = await shop.place(kind);
      const mugs = await shop.stores.available("mug");
      if (cancels) await shop.cancel(orderId);
      for (const step of carried) {
        const [message = "", reader = ""] = step.split(" > ");
        await courier.carry(orderId, message, reader as Service);
      }
      const assertEnd = async () => {
        assert.deepEqual((await shop.stores.orders([orderId])).get(orderId), record);
        const balanceMinor = await shop.stores.balanceMinor(customerId);
        assert.equal(balanceMinor, orderKinds[kind].balanceMinor - spentMinor);
        const taken = record.holds.length > 0 ? orderKinds[kind].line.quantity : 0;
        assert.equal(await shop.stores.available("mug"), (mugs ?? 0) - taken);
      };
      await assertEnd();
      const letters = (await courier.letters([orderId])).toReversed();
      assert.equal(
        new Set(letters.map(nameOf)).size,
        carried.length,
        "each message was carried to each of its readers",
      );
      await courier.carryAll([...letters, ...letters, ...letters]);
      await assertEnd();
    });
  }

  for (const [name, race] of Object.entries(customerRaces)) force(name, race);

  test(
    `in any order and number, customers cancelling: each order has one end, agreed by all (E2E_SEED=${seed})`,
    limit,
    async () => {
      const random = seeded(seed);
      const orders = await shop.placeMixed(42);
      const ids = orders.map(({ orderId }) => orderId);
      for (const id of ids) if (random.below(2) === 0) await shop.cancel(id);
      await carryAtRandom(courier, ids, random);
      assert.deepEqual(disagreements(await shop.stores.orders(ids)), []);
    },
  );

  describe("whose deadline has passed when they are created", () => {
    before(async () => {
      await shop.processes.restart("order", { ORDER_DEADLINE_MS: "1", DEADLINE_CHECK_MS: "10" });
    });
    for (const [name, race] of Object.entries(deadlineRaces)) force(name, race);
  });

  describe("whose deadline passed while the order service was away", () => {
    test(
      "are voided only if no verdict was waiting for it, and once, though two instances come back",
      limit,
      async () => {
        // It looks for deadlines when it starts, and then not again in this test.
        await shop.processes.restart("order", { ORDER_DEADLINE_MS: "1", DEADLINE_CHECK_MS: "60000" });
        const orders = [await shop.place("paid"), await shop.place("paid")] as const;
        const [charged, waiting] = orders.map(({ orderId }) => orderId) as [string, string];
        for (const orderId of [charged, waiting]) {
          await courier.carry(orderId, "order.start", "stock");
          await courier.carry(orderId, "stock.success", "order");
        }
        const away = shop.processes.worker("order");
        away.signal("SIGTERM");
        await away.ended;
        await courier.carry(charged, "payment.request", "payment");
        await courier.leave(charged, "payment.success", "order");
        const eager = { ORDER_DEADLINE_MS: "1", DEADLINE_CHECK_MS: "1" };
        const first = shop.processes.restart("order", eager);
        const second = await shop.processes.startSecond("order", eager);
        await first;
        await courier.carry(waiting, "payment.void/deadline", "payment");
        const records = await shop.stores.orders([charged, waiting]);
        assert.deepEqual(records.get(charged)?.published.order, ["order.created", "payment.request"]);
        assert.deepEqual(records.get(charged)?.ends.order, "paid");
        assert.deepEqual(records.get(waiting)?.published.order, [
          "order.created",
          "payment.request",
          "payment.void/deadline",
        ]);
        second.signal("SIGTERM");
        await second.ended;
        await carryAtRandom(courier, [charged, waiting], seeded(seed));
        assert.deepEqual(disagreements(await shop.stores.orders([charged, waiting])), []);
      },
    );
  });

  test("on one broker all of it is published again, and the audit finds nothing wrong", limit, async () => {
    apart = false;
    const workers = await Promise.all(services.map((service) => shop.processes.restart(service)));
    for (const { url } of workers) {
      await until("all to be published again", async () =>
        /^orderwright_republished_total\{.*\} 1$/m.test(await (await fetch(`${url}/metrics`)).text()),
      );
    }
    assert.deepEqual(await auditFindings(shop.processes.storeUrls), []);
  });
});

const nameOf = ({ message, reader }: Letter) => `${message.id} > ${reader}`;

/** Carries every letter at some moment, and some of them again, until nobody publishes any more. */
async function carryAtRandom(courier: Courier, orderIds: readonly string[], random: Random): Promise<void> {
  const carried = new Set<string>();
  for (;;) {
    const letters = await courier.letters(orderIds);
    const waiting = letters.filter((letter) => !carried.has(nameOf(letter)));
    if (waiting.length === 0) return;
    const chosen = letters.filter((letter) => random.below(carried.has(nameOf(letter)) ? 5 : 2) === 0);
    for (const letter of chosen) carried.add(nameOf(letter));
    await courier.carryAll(shuffled(chosen, random));
  }
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const keyed = list.map((item) => ({ item, at: random.below(2 ** 31) }));
  return keyed.toSorted((a, b) => a.at - b.at).map(({ item }) => item);
}
