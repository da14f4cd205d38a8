import assert from "node:assert/strict";
import console from "node:console";
import { after, describe, test } from "node:test";
import { eventTypes } from "#contracts/events.ts";
import { Violation } from "./laws.ts";
import { type Machine, shippedMachines } from "./machines.ts";
import { afterDiscards, discardRules, linesOf, rules } from "./rules.ts";
import {
  deadLetters,
  oneOrder,
  twoOrders,
  twoOrdersWithDeadLetters,
  neverRead,
  undoneCompensations,
} from "./scenarios.ts";
import { search } from "./search.ts";

/**
 * The model check of the saga, over the decide functions that are shipped. When a test here fails, the message names the
 * law that broke and the shortest run that breaks it.
 */
describe("every message delivered again and in any order, cancels and deadlines at any moment", () => {
  const changes = new Set<string>();
  const counts: string[] = [];

  for (const scenario of [...oneOrder, ...twoOrders, ...deadLetters, ...neverRead, ...twoOrdersWithDeadLetters]) {
    test(
      `${scenario.name}: every run ends, and all services agree on ${scenario.ends.length} ends`,
      { timeout: 120_000 },
      () => {
        const startMs = performance.now();
        const found = search(scenario, shippedMachines(scenario.context));
        for (const change of found.steps.changes) changes.add(change);
        counts.push(`${scenario.name}: ${found.states} states in ${Math.round(performance.now() - startMs)} ms`);
        assert.deepEqual([...found.ends], [...scenario.ends].sort());
      },
    );
  }

  for (const scenario of undoneCompensations) {
    test(`${scenario.name}: everything else stays as it is without it (${scenario.ends.length} ends)`, () => {
      assert.deepEqual([...search(scenario, shippedMachines(scenario.context)).ends], [...scenario.ends].sort());
    });
  }

  test("an order that waits behind another's dead letter is noticed", () => {
    const [scenario] = neverRead;
    assert.ok(scenario !== undefined);
    const [first] = scenario.orders;
    const shipped = shippedMachines(scenario.context);
    const waiting: Machine = (state, message, nowMs) => {
      const waits = message.orderId !== first?.orderId && state.rows[first?.orderId ?? ""] === null;
      return waits ? { state, outbox: [], outcome: "ignored" } : shipped.stock(state, message, nowMs);
    };
    assert.throws(() => search(scenario, { ...shipped, stock: waiting }), Violation);
  });

  test("the services do what the tables list, and nothing else", () => {
    const listed = [...rules, ...discardRules, ...afterDiscards].flatMap(linesOf);
    assert.deepEqual([...changes].sort(), listed.sort());
  });

  test("the tables publish every event of the contracts, so none is without a rule", () => {
    const published = new Set(rules.flatMap(({ outbox }) => outbox.map((name) => name.split("/")[0])));
    // Intake publishes order.start with the order itself, before any message.
    assert.deepEqual(
      eventTypes.filter((type) => !published.has(type)),
      ["order.start"],
    );
  });

  after(() => console.log(counts.join("\n")));
});
