import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sql } from "drizzle-orm";
import { fileURLToPath } from "node:url";
import { type Service, services } from "#contracts/topics.ts";
import { createReader } from "#db/reader.ts";
import { until } from "#kafka/testing.ts";
import { auditFindings } from "./audit-findings.ts";
import { adminEnvironment, createOperators, type Operators } from "./operators.ts";
import { openShop, type PlacedOrder, type Shop } from "./shop.ts";
import { sendAndAwaitReaders } from "./wire.ts";

const clock = fileURLToPath(new URL("later-clock.ts", import.meta.url));
const dayMs = 24 * 60 * 60_000;
/** All bounds are as they are by default; the longest is 90 days. */
const later = {
  BUN_OPTIONS: `--preload=${clock}`,
  CLOCK_LATER_MS: String(100 * dayMs),
  PURGE_INTERVAL_MS: "50",
  PURGE_ROWS: "10",
};
const { signal } = new AbortController();
const doing = ["--yes", "--why", "a test", "--operator", "ann"];

describe("a shop that runs a hundred days later", () => {
  let shop: Shop;
  let operators: Operators;
  let environment: Readonly<Record<string, string>> = {};
  let old: PlacedOrder[] = [];
  before(async () => {
    shop = await openShop({ runtime: "Bun", broker: "the embedded broker" }, () => ({
      ...adminEnvironment,
      ...environment,
    }));
    operators = createOperators(shop.processes);
  });
  after(() => shop?.end());

  const junkFor = (orderId: string | undefined) => ({
    topic: "order.start" as const,
    key: orderId ?? "",
    value: new Uint8Array([0xff]),
  });
  const sendJunk = (orders: readonly PlacedOrder[]) =>
    sendAndAwaitReaders(
      shop.processes.broker.bootstrapServers,
      shop.stores,
      orders.map(({ orderId }) => junkFor(orderId)),
    );

  async function countOf(service: Service, what: string): Promise<number> {
    const reader = createReader({ url: shop.processes.storeUrls[service] });
    const [found] = await reader.read(signal, (db) =>
      db.all<{ n: number }>(sql.raw(`SELECT count(*) AS n FROM ${what}`)),
    );
    reader.close();
    return found?.n ?? -1;
  }

  async function purgedBy(service: Service): Promise<Record<string, number>> {
    const text = await (await fetch(`${shop.processes.worker(service).url}/metrics`)).text();
    const samples = text.matchAll(/^orderwright_purged_total\{.*kind="([^"]+)".*\} (\d+)$/gm);
    return Object.fromEntries([...samples].map(([, kind = "", rows]) => [kind, Number(rows)]));
  }

  test("has let go of what is old, and its metric says how much of what", { timeout: 120_000 }, async () => {
    old = await shop.placeMixed(28);
    await shop.assertSettled(old);
    await sendJunk(old.slice(0, 2));
    const [first, second] = (await operators.close("discard", "--all")).map(({ letter }) => letter);
    assert.equal((await operators.close("discard", first ?? "", ...doing))[0]?.outcome, "done");
    const payments = await countOf("payment", "payments");
    const keys = await countOf("payment", "requests");
    const rows = await countOf("intake", "outbox");

    environment = later;
    for (const service of services) await shop.processes.restart(service);
    const placing = shop.placeMixed(28);
    await until("all that is old to be gone", async () => {
      const left = await Promise.all(
        services.map((service) => countOf(service, `${service === "payment" ? "payments" : "orders"} WHERE ${isOld}`)),
      );
      return left.join() === "0,1,0,0";
    });
    assert.deepEqual(await countOf("stock", `orders WHERE ${isOld}`), 1, "one has a dead letter that may be replayed");
    assert.deepEqual(await operators.close("discard", "--all").then((all) => all.map(({ letter }) => letter)), [
      second,
    ]);
    await until("their keys to be gone", async () => (await purgedBy("payment"))["keys"] === keys);
    assert.equal((await purgedBy("payment"))["orders"], payments);
    assert.equal((await purgedBy("intake"))["outbox"], rows);
    assert.equal((await purgedBy("intake"))["orders"], 28);
    assert.equal((await purgedBy("stock"))["dead-letters"], 1);
    assert.equal((await purgedBy("stock"))["orders"], 27);
    await shop.assertSettled(await placing);
  });

  test("does not call junk what may have been genuine: it asks the operator", { timeout: 60_000 }, async () => {
    const [young] = await shop.placeMixed(1);
    if (young === undefined) throw new Error("nothing was placed");
    await shop.assertSettled([young]);
    await sendJunk([young]);
    const ofOrder = (orderId: string | undefined) => ["--order", orderId ?? "", "--service", "stock"];
    const [genuine] = await operators.close("discard", ...ofOrder(young.orderId), ...doing);
    assert.match(genuine?.effect ?? "", /^stock decided: duplicate/, "its writer's outbox has it");

    const [unknown] = await operators.close("discard", "--all", ...doing);
    assert.equal(unknown?.outcome, "cannot");
    assert.match(unknown?.effect ?? "", /^cannot know whose it is: the outbox of intake goes back to 20\d\d-/);
    const [unhealed] = await operators.close("heal", "--all", ...doing);
    assert.match(unhealed?.effect ?? "", /goes back to .*there may be no good copy any more/);
    const [said] = await operators.close("discard", "--all", "--as", "junk", ...doing);
    assert.equal(said?.outcome, "done");
    assert.match(said?.effect ?? "", /^dropped: .*by the operator's word/);
    assert.deepEqual(await auditFindings(shop.processes.storeUrls), []);
  });
});

/** Ids begin with their moment: those of before are smaller than any of later. */
const isOld = `order_id < '${laterId()}'`;

function laterId(): string {
  const hex = (Date.now() + 50 * dayMs).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}
