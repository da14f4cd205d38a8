import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { accept, type View } from "./decide.ts";
import { createOrderEnds } from "./order-ends.ts";
import { createOrderNews } from "./order-news.ts";

const { signal } = new AbortController();
const longMs = 60_000;

function orderOf(orderId: string): View {
  const order = { orderId, customerId: "c", currency: "GBP", lines: [{ productId: "p", quantity: 1 }] };
  const { view } = accept(order, { nowMs: 1, cancelWindowMs: 0 });
  assert.ok(view);
  return view;
}

describe("who waits for an order's end", () => {
  test("is told by the commit that ends it, and the store is not asked", async () => {
    const news = createOrderNews();
    let asked = 0;
    const ends = createOrderEnds(news, async () => {
      asked += 1;
      return [];
    });
    const waiting = ends.wait("o", longMs, signal);
    const before = orderOf("o");
    news.tell(() => [{ before, after: { ...before, status: "paid", paidAtMs: 2 } }]);
    await waiting;
    assert.equal(asked, 0);
  });

  test("is told of an end that another process wrote, since the store is looked at now and then", async () => {
    const ends = createOrderEnds(createOrderNews(), async (orderIds) => orderIds);
    await ends.wait("o", longMs, signal);
  });

  test("costs nothing when nobody waits: news is not even put together", () => {
    createOrderNews().tell(() => assert.fail("nobody listens"));
  });
});
