import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Verdict } from "./audit.ts";
import { reportOf } from "./report.ts";

const clean: Verdict = {
  orders: 1_270,
  ended: { paid: 1_000, cancelled: 270 },
  findingCount: 0,
  findings: [],
  inFlight: { count: 0, orderIds: [] },
  unread: [],
  products: 12,
  accounts: 7,
};

describe("a verdict", () => {
  test("that is clean says so first, and what was looked at", () => {
    assert.equal(
      reportOf(clean),
      [
        "audit: CLEAN, each of 1,270 orders has exactly one end, agreed by all services",
        "  orders    1,000 paid, 0 rejected, 270 cancelled",
        "  goods     of 12 products: conserved",
        "  money     of 7 accounts: conserved",
      ].join("\n"),
    );
  });

  test("names for each finding the rule, the order and what each store says", () => {
    const finding = { rule: "ledger", orderId: "o-1", what: "charged twice", says: ["payment  charged"] } as const;
    const text = reportOf({ ...clean, findingCount: 1, findings: [finding] });
    assert.match(
      text,
      /^audit: BROKEN, 1 finding in 1,270 orders\n {2}ledger: order o-1: charged twice\n {6}payment {2}charged\n/,
    );
    assert.match(text, /money {5}of 7 accounts: NOT conserved/);
  });

  test("with orders in flight tells which, and whose messages are unread", () => {
    const mark = { service: "stock", instanceId: "stock-1", isRunning: false, lastSeq: 9, readSeq: 4 } as const;
    const text = reportOf({ ...clean, inFlight: { count: 2, orderIds: ["a", "b"] }, unread: [mark] });
    assert.match(text, /CLEAN, each order that ended has exactly one end/);
    assert.match(text, /in flight 2 orders not ended yet and not judged: a, b\n/);
    assert.match(text, /not read by all: 5 messages of stock \(stock-1, which is not running\)/);
  });
});
