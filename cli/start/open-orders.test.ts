import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { openShopUnderTest, orderId, type ShopUnderTest } from "../audit/shop-under-test.ts";
import { storeUrlsIn } from "../audit/stores.ts";
import { countOpenOrders, untilNoneOpen } from "./open-orders.ts";

const { signal } = new AbortController();
let shop: ShopUnderTest;
beforeEach(async () => {
  shop = await openShopUnderTest();
});
afterEach(() => shop.remove());

describe("intake's store", () => {
  test("has as many open orders as have no end", async () => {
    const { intake } = storeUrlsIn(shop.folder);
    await shop.place(
      { id: orderId(1), end: "paid" },
      { id: orderId(2), end: "paid" },
      { id: orderId(3), end: "rejected" },
    );
    assert.equal(await countOpenOrders(intake, signal), 0);
    await shop.run("intake", `UPDATE orders SET status = 'created' WHERE order_id = '${orderId(1)}'`);
    assert.equal(await untilNoneOpen(intake, 0, signal), 1);
  });

  test("has none where there is no store, and in one that a killed start left without tables", async () => {
    const { intake } = storeUrlsIn(join(shop.folder, "logs"));
    assert.equal(await countOpenOrders(intake, signal), 0);
    const empty = join(shop.folder, "empty.db");
    writeFileSync(empty, "");
    assert.equal(await countOpenOrders(`file:${empty}`, signal), 0);
  });
});
