import assert from "node:assert/strict";
import console from "node:console";
import { after, describe, test } from "node:test";
import { eventsLost, guardsLost, momentsForgotten, rowsNotKept, rulesTakenOut } from "./faults/families.ts";
import { orderFaults } from "./faults/order.ts";
import { paymentFaults } from "./faults/payment.ts";
import type { Fault } from "./faults/plant.ts";
import { stockFaults } from "./faults/stock.ts";
import { viewFaults } from "./faults/view.ts";
import { Violation } from "./laws.ts";
import { shippedMachines } from "./machines.ts";
import { discardRules, rules } from "./rules.ts";
import { deadLetters, oneOrder, twoOrders } from "./scenarios.ts";
import { search } from "./search.ts";

/** Hundreds of searches take seconds, and more on a busy machine; the runner's limit is for single cases. */
const timeout = 120_000;

const scenarios = [...oneOrder, ...deadLetters, ...twoOrders];

/** The law that a fault breaks in some scenario, and the run that shows it; undefined when nothing notices it. */
function broken({ plant }: Fault): string | undefined {
  for (const scenario of scenarios) {
    try {
      search(scenario, plant(scenario.context));
    } catch (error) {
      if (error instanceof Violation) return error.message;
      throw error;
    }
  }
  return undefined;
}

describe("a fault planted into the decide functions", () => {
  let caught = 0;
  const unnoticed = (faults: readonly Fault[]) => {
    const missed = faults.filter((fault) => broken(fault) === undefined).map(({ name }) => name);
    caught += faults.length - missed.length;
    return missed;
  };
  const all = [...rules, ...discardRules];
  const families: readonly [string, readonly Fault[]][] = [
    ["a row of the tables taken out", rulesTakenOut(all)],
    ["an event of a row not published", eventsLost(all)],
    ["a row that publishes but does not remember", rowsNotKept(all)],
    ["a moment or reason not kept", momentsForgotten()],
    ["a condition of stock got wrong", stockFaults],
    ["a condition of order got wrong", orderFaults],
    ["a condition of payment got wrong", paymentFaults],
    ["a rank, column or guard of the view got wrong", viewFaults],
  ];
  for (const [name, faults] of families) {
    test(`is caught: ${name} (${faults.length} faults)`, { timeout }, () => assert.deepEqual(unnoticed(faults), []));
  }

  describe("that takes a guard away", () => {
    const pairs = new Set<string>();
    for (const scenario of scenarios) {
      for (const pair of search(scenario, shippedMachines(scenario.context)).steps.pairs) pairs.add(pair);
    }

    test("is caught, wherever the message can meet the status", { timeout }, () => {
      assert.deepEqual(unnoticed(guardsLost().filter(({ pair }) => pairs.has(pair))), []);
    });

    // Nothing can notice these: the guards stand for what the search shows never to happen.
    test("changes nothing where the message never meets the status", () => {
      const unmet = guardsLost().flatMap(({ pair }) => (pairs.has(pair) ? [] : [pair]));
      assert.deepEqual([...new Set(unmet)].sort(), [
        "order: order.cancel, cancelling",
        "order: order.cancel, rejected",
        "order: payment.success, cancelling",
        "order: payment.success, rejected",
        "order: stock.failed, cancelled",
        "order: stock.failed, created",
        "order: stock.failed, paid",
        "order: stock.success, rejected",
        "stock: payment.success, refused",
        "stock: stock.rollback, refused",
      ]);
    });
  });

  after(() => console.log(`${caught} planted faults caught`));
});
