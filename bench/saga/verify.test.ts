import { Database } from "bun:sqlite";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { temporaryFolder } from "#db/temporary-store.ts";
import { storeUrlsIn } from "../../cli/audit/stores.ts";
import { keepHistory } from "./history.ts";
import { storePathIn } from "./shop.ts";
import { requireAllEnded, requireCleanAudit, requireExpectedEnds } from "./verify.ts";

const temporary = temporaryFolder();
let folder = "";
let orders: { orderId: string; body: number; intendedAtMs: number; answeredAtMs: number; endedAtMs: number | null }[] =
  [];

before(async () => {
  folder = await keepHistory(20, temporary.path);
  const database = new Database(storePathIn(folder, "intake"), { readonly: true });
  const ids = database.query<{ id: string }, []>("SELECT order_id AS id FROM orders").all();
  database.close();
  orders = ids.map(({ id }) => ({ orderId: id, body: 0, intendedAtMs: 1, answeredAtMs: 2, endedAtMs: 3 }));
});
after(() => temporary.remove());

describe("the past that is made for a benchmark", () => {
  test("has as many orders as asked, with ids in the order of their time, as intake makes them", () => {
    const ids = orders.map(({ orderId }) => orderId);
    assert.equal(new Set(ids).size, 20);
    assert.deepEqual(ids, ids.toSorted());
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test("is made once: the second who asks gets the same", async () => {
    assert.equal(await keepHistory(20, temporary.path), folder);
  });
});

describe("orders of a run", () => {
  const paid = [{ status: "paid" }] as const;

  test("that all ended as they must are let pass", async () => {
    requireExpectedEnds(storePathIn(folder, "intake"), orders, paid);
    await requireCleanAudit(storeUrlsIn(folder), 20);
  });

  test("are refused when one ended otherwise than it must, or is not there", () => {
    const rejected = [{ status: "rejected", reason: "stock-short" }] as const;
    const check = (list: typeof orders, expected: Parameters<typeof requireExpectedEnds>[2]) => () =>
      requireExpectedEnds(storePathIn(folder, "intake"), list, expected);
    assert.throws(check(orders, rejected), /is paid \(no reason\), and had to be rejected \(stock-short\)/);
    const [first] = orders;
    assert.ok(first);
    assert.throws(check([...orders, { ...first, orderId: "lost" }], paid), /21 orders were accepted and intake has 20/);
  });

  test("are refused when one was refused, not answered, or not seen to end", () => {
    const report = { orders, refused: 0, firstRefusal: null, unanswered: 0 };
    requireAllEnded(report);
    assert.throws(() => requireAllEnded({ ...report, refused: 1, firstRefusal: "HTTP/1.1 429" }), /refused.*429/);
    assert.throws(() => requireAllEnded({ ...report, unanswered: 1 }), /not answered/);
    const [first] = orders;
    assert.ok(first);
    assert.throws(() => requireAllEnded({ ...report, orders: [{ ...first, endedAtMs: null }] }), /did not end in time/);
  });

  test("are refused when the audit knows of another number of them, or finds one without its charge", async () => {
    await assert.rejects(requireCleanAudit(storeUrlsIn(folder), 21), /the audit found 20 orders, not 21/);
    const database = new Database(storePathIn(folder, "payment"));
    database.run(
      "DELETE FROM transfers WHERE transfer_id = (SELECT max(transfer_id) FROM transfers WHERE order_id <> '')",
    );
    database.close();
    await assert.rejects(requireCleanAudit(storeUrlsIn(folder), 20), /the audit has 2 findings/);
  });
});
