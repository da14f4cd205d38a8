import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { letterFaults } from "./faults/letters.ts";
import { twoOrderFaults } from "./faults/two-orders.ts";
import { Violation } from "./laws.ts";
import type { LetterHandling } from "./letter-handling.ts";
import { type Machines, shippedMachines } from "./machines.ts";
import { type Scenario, deadLetters, twoOrders, twoOrdersWithDeadLetters } from "./scenarios.ts";
import { search } from "./search.ts";

/** A search takes a second, and more on a busy machine. */
const timeout = 120_000;

/** The law that is broken in some scenario, and the run that shows it; undefined when nothing is noticed. */
function broken(
  scenarios: readonly Scenario[],
  plant: (context: Scenario["context"]) => Machines,
  handling?: LetterHandling,
): string | undefined {
  for (const scenario of scenarios) {
    try {
      search(scenario, plant(scenario.context), handling);
    } catch (error) {
      if (error instanceof Violation) return error.message;
      throw error;
    }
  }
  return undefined;
}

/** One order as the services have it: nobody decides by its view. */
const oneOrder = deadLetters.map((scenario) => ({ ...scenario, views: false }));

const atATime = (scenarios: readonly Scenario[], letters: number) =>
  scenarios.map((scenario) => ({ ...scenario, deadLetters: letters }));

describe("dead letters that are handled wrongly, while services decide as shipped", () => {
  for (const { name, needs, handling } of letterFaults) {
    const { orders, letters } = needs;
    test(`are noticed where ${name} (orders: ${orders}, letters at a time: ${letters})`, { timeout }, () => {
      const scenarios = (orders === 1 ? oneOrder : twoOrdersWithDeadLetters).slice(0, 1);
      assert.notEqual(broken(atATime(scenarios, letters), shippedMachines, handling), undefined);
      if (letters === 2) assert.equal(broken(atATime(scenarios, 1), shippedMachines, handling), undefined);
      if (orders === 2) assert.equal(broken(oneOrder, shippedMachines, handling), undefined);
    });
  }
});

describe("services that decide wrongly about one order because a letter of another was discarded", () => {
  for (const { name, plant } of twoOrderFaults) {
    test(`are noticed by two orders with dead letters, and by nothing less: ${name}`, { timeout }, () => {
      assert.notEqual(broken(atATime(twoOrdersWithDeadLetters, 1), plant), undefined);
      assert.equal(broken([...oneOrder, ...twoOrders], plant), undefined);
    });
  }
});
