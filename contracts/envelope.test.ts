import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Decoded, decode, encode, headers } from "./envelope.ts";
import type { OrderEvent } from "./events.ts";
import { limits } from "./fields.ts";

const orderId = "019aa5f0-4c7b-7cc1-9d2f-3f0a5b6c7d8e";
const start: OrderEvent<"order.start"> = {
  type: "order.start",
  orderId,
  atMs: 1_763_847_000_123,
  data: { customerId: "17850", currency: "GBP", lines: [{ productId: "85123A", quantity: 6 }] },
};
const utf8 = new TextEncoder();
const key = utf8.encode(orderId);

/** Decodes order.start with some attributes of its envelope changed. */
function decodeWith(changes: Readonly<Record<string, unknown>>, data: Readonly<Record<string, unknown>> = {}): Decoded {
  const envelope: Record<string, unknown> = JSON.parse(new TextDecoder().decode(encode(start, "intake").value));
  const changed = { ...envelope, data: { ...start.data, ...data }, ...changes };
  return decode("order.start", key, utf8.encode(JSON.stringify(changed)));
}

function reasonOf(decoded: Decoded): string {
  return decoded.ok ? "none" : decoded.reason;
}

describe("an event of ours", () => {
  test("comes back as it was sent, with its id and who wrote it", () => {
    const message = encode(start, "intake");
    assert.equal(message.id, `order.start/${orderId}`);
    assert.equal(message.topic, "order.start");
    assert.deepEqual(message.key, key);
    const decoded = decode("order.start", key, message.value);
    assert.deepEqual(decoded, { ok: true, id: message.id, source: "intake", event: start });
  });

  test("names the cause in the id of a void, because each cause is a fact of its own", () => {
    const ids = (["customer", "deadline"] as const).map(
      (cause) => encode({ type: "payment.void", orderId, atMs: 0, data: { cause } }, "order").id,
    );
    assert.deepEqual(ids, [`payment.void/${orderId}/customer`, `payment.void/${orderId}/deadline`]);
  });

  test("is read without fields that a later version added", () => {
    const decoded = decodeWith({ traceparent: "later" }, { giftWrap: true });
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.event, start);
  });

  test("has two headers, and one when there is no trace: an empty trace context is not valid", () => {
    const contentType = "application/cloudevents+json; charset=UTF-8";
    assert.deepEqual(headers(null), { "content-type": contentType });
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    assert.deepEqual(headers(traceparent), { "content-type": contentType, traceparent });
  });
});

describe("a record that is no event of its topic", () => {
  const line = { productId: "85123A", quantity: 6 };
  const cases: readonly [string, string, () => Decoded][] = [
    ["no value", "no-json", () => decode("order.start", key, null)],
    ["no bytes", "no-json", () => decode("order.start", key, new Uint8Array())],
    ["half a JSON", "no-json", () => decode("order.start", key, utf8.encode('{"specversion":"1.0"'))],
    ["bytes that are no UTF-8", "no-json", () => decode("order.start", key, Uint8Array.of(34, 255, 34))],
    ["a JSON that is no object", "schema-violation", () => decode("order.start", key, utf8.encode("[1]"))],
    ["null", "schema-violation", () => decode("order.start", key, utf8.encode("null"))],
    ["an object that is no envelope", "schema-violation", () => decode("order.start", key, utf8.encode("{}"))],
    ["a type that nobody knows", "unknown-type", () => decodeWith({ type: "order.begin" })],
    ["the type of another topic", "unknown-type", () => decodeWith({ type: "stock.failed" })],
    [
      "a version that is not known yet",
      "unknown-type",
      () => decodeWith({ dataschema: "urn:orderwright:event:order.start:2" }),
    ],
    ["a CloudEvents version that is not known", "schema-violation", () => decodeWith({ specversion: "0.3" })],
    ["the id of another fact", "schema-violation", () => decodeWith({ id: `stock.failed/${orderId}` })],
    ["a source that is no service", "schema-violation", () => decodeWith({ source: "/elsewhere" })],
    ["a subject that is no order", "schema-violation", () => decodeWith({ subject: "17850" })],
    ["a moment that never was", "schema-violation", () => decodeWith({ time: "2026-02-30T00:00:00Z" })],
    ["no data", "schema-violation", () => decodeWith({ data: undefined })],
    ["no lines", "schema-violation", () => decodeWith({}, { lines: [] })],
    ["a product on two lines", "schema-violation", () => decodeWith({}, { lines: [line, line] })],
    [
      "more lines than allowed",
      "schema-violation",
      () => decodeWith({}, { lines: manyLines(limits.linesPerOrder + 1) }),
    ],
    ["a quantity of zero", "schema-violation", () => decodeWith({}, { lines: [{ ...line, quantity: 0 }] })],
    ["half a piece", "schema-violation", () => decodeWith({}, { lines: [{ ...line, quantity: 0.5 }] })],
    [
      "more pieces than allowed",
      "schema-violation",
      () => decodeWith({}, { lines: [{ ...line, quantity: limits.quantity + 1 }] }),
    ],
    [
      "a customer with a name that lies to the eye",
      "schema-violation",
      () => decodeWith({}, { customerId: "17850\u200b" }),
    ],
    ["a currency in small letters", "schema-violation", () => decodeWith({}, { currency: "gbp" })],
    ["no key", "wrong-key", () => decode("order.start", null, encode(start, "intake").value)],
    [
      "the key of another order",
      "wrong-key",
      () => decode("order.start", utf8.encode(orderId.replace("8e", "8f")), encode(start, "intake").value),
    ],
  ];
  for (const [what, reason, read] of cases) {
    test(`is poison (${reason}), not an exception: ${what}`, () => assert.equal(reasonOf(read()), reason));
  }

  test("says which field broke which rule", () => {
    const decoded = decodeWith({}, { lines: [{ ...line, quantity: 0 }] });
    assert.ok(!decoded.ok);
    assert.match(decoded.detail, /data\.lines\[0\]\.quantity/);
  });

  test("is described in short, however much is wrong with it", () => {
    const decoded = decodeWith({ type: "x".repeat(1_000_000) });
    assert.ok(!decoded.ok);
    assert.equal(decoded.detail.length, 1_000);
  });

  test("holds money below 2^53, where a JSON number is still exact", () => {
    const request = { type: "payment.request", orderId, atMs: 0 } as const;
    const ask = (amountMinor: number) => {
      const data = { customerId: "17850", currency: "GBP", amountMinor };
      const { value } = encode({ ...request, data }, "order");
      return reasonOf(decode("payment.request", key, value));
    };
    assert.equal(ask(Number.MAX_SAFE_INTEGER), "none");
    for (const amountMinor of [Number.MAX_SAFE_INTEGER + 1, -1, 0.01])
      assert.equal(ask(amountMinor), "schema-violation");
  });
});

function manyLines(count: number) {
  return Array.from({ length: count }, (_, index) => ({ productId: `P${index}`, quantity: 1 }));
}

test("the longest order that is allowed is read", () => {
  assert.equal(reasonOf(decodeWith({}, { lines: manyLines(limits.linesPerOrder) })), "none");
});
