import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as z from "zod";
import { limits } from "./fields.ts";
import * as http from "./http.ts";

const line = { productId: "85123A", quantity: 6 };
const request = { customerId: "17850", currency: "GBP", lines: [line] };
const paths = (body: unknown) =>
  http.orderRequest.safeParse(body).error?.issues.map(({ path }) => path.join(".")) ?? [];

describe("an order request", () => {
  test("is taken with one product on two lines, which intake merges", () => {
    assert.deepEqual(paths({ ...request, lines: [line, line] }), []);
  });

  test("is refused when the lines of one product are too much together, naming the line", () => {
    const lines = [{ ...line, quantity: limits.quantity }, line];
    assert.deepEqual(paths({ ...request, lines }), ["lines.1.quantity"]);
  });

  test("is refused with every field named that broke a rule", () => {
    assert.deepEqual(paths({ customerId: "", currency: "pounds", lines: [{ productId: "x", quantity: -1 }] }).sort(), [
      "currency",
      "customerId",
      "lines.0.quantity",
    ]);
  });
});

test("every body can be described in OpenAPI, because the document is made from these schemas", () => {
  const bodies = {
    OrderRequest: http.orderRequest,
    Order: http.orderView,
    OrderPage: http.orderPage,
    PriceRequest: http.priceRequest,
    RestockRequest: http.restockRequest,
    TopUpRequest: http.topUpRequest,
    Problem: http.problem,
  };
  for (const [name, body] of Object.entries(bodies)) {
    assert.equal(z.toJSONSchema(body, { io: "input" }).$defs?.[name]?.type, "object");
  }
});
