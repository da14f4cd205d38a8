import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { serve } from "../runtime.ts";
import { createAskGoods } from "./ask-goods.ts";

const { signal } = new AbortController();
const id = "01890000-0000-7000-8000-000000000001";

describe("what became of an order's goods, asked of stock", () => {
  test("is what stock says, asked with the shop's token", async () => {
    const asked: (string | null)[] = [];
    const stock = serve({
      host: "127.0.0.1",
      port: 0,
      fetch(request) {
        asked.push(new URL(request.url).pathname, request.headers.get("authorization"));
        return Response.json({ status: "released", releasedAt: "2026-01-01T00:00:00.000Z" });
      },
    });
    const goods = await createAskGoods(`http://127.0.0.1:${stock.port}`, "shop")(id, signal);
    assert.equal(goods.releasedAt, "2026-01-01T00:00:00.000Z");
    assert.deepEqual(asked, [`/orders/${id}`, "Bearer shop"]);
    await stock.stop(0);
  });

  test("is not made up where stock is away, or was never named", async () => {
    await assert.rejects(createAskGoods("http://127.0.0.1:1", undefined)(id, signal), /Stock does not answer/);
    await assert.rejects(createAskGoods(undefined, undefined)(id, signal), /STOCK_URL/);
  });
});
