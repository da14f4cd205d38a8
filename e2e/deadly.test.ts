import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { until } from "#kafka/testing.ts";
import { auditFindings } from "./audit-findings.ts";
import { adminEnvironment, createOperators } from "./operators.ts";
import { openShop, type Shop } from "./shop.ts";

/** The batch that it dies of, and three tries behind the marker. */
const deaths = 4;

describe("a message that stock dies of", () => {
  let shop: Shop;
  before(async () => {
    shop = await openShop({ runtime: "Bun", broker: "the embedded broker" }, () => adminEnvironment);
  });
  after(() => shop.end());

  test("is set aside after three deaths behind the marker, and nothing else is", { timeout: 120_000 }, async () => {
    const operators = createOperators(shop.processes);
    const settled = await shop.placeMixed(7);
    await shop.assertSettled(settled);
    const stock = shop.processes.worker("stock");
    stock.signal("SIGTERM");
    await stock.ended;
    const deadly = await shop.place("paid");
    for (let death = 0; death < deaths; death += 1) {
      const dying = await shop.processes.restart("stock", { FAULT_KILL_AT: "before-commit" });
      assert.equal(await dying.ended, "SIGKILL", dying.output());
      assert.deepEqual(await shop.stores.deadLetters("stock"), [], "it may be innocent");
    }
    // Behind it, so that they come with it.
    const behind = await shop.placeMixed(28);
    await shop.processes.restart("stock");
    await shop.assertSettled(behind, 60_000);
    assert.deepEqual(await shop.stores.deadLetters("stock"), ["order.start: deadly"]);
    const listed = await operators.dlq("list", "--json");
    const [letter] = JSON.parse(listed.text) as { orderId: string; attempts: number; error: string }[];
    assert.deepEqual([letter?.orderId, letter?.attempts], [deadly.orderId, 3]);
    assert.match(letter?.error ?? "", /the process died 3 times while it handled this record/);

    const doing = ["--yes", "--why", "mended", "--operator", "ann"];
    assert.equal((await operators.close("replay", "--reason", "deadly", ...doing))[0]?.outcome, "done");
    await shop.assertSettled([...settled, deadly, ...behind]);
    assert.deepEqual(await auditFindings(shop.processes.storeUrls), []);
  });

  test("leaves no marker behind, whatever else dies", { timeout: 120_000 }, async () => {
    const dying = await shop.processes.restart("stock", { FAULT_KILL_AT: "after-commit:2" });
    const orders = await shop.placeMixed(28);
    await until("stock to die", () => dying.hasEnded());
    await shop.processes.restart("stock");
    await shop.assertSettled(orders, 60_000);
    assert.deepEqual(await shop.stores.deadLetters("stock"), ["order.start: deadly"]);
  });
});
