import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Hono } from "hono";
import { deadLetterDetail, deadLetterGroups, deadLetterPage, deadLetterResult } from "#contracts/dead-letters.ts";
import { encode } from "#contracts/envelope.ts";
import type { OrderEvent } from "#contracts/events.ts";
import { groups } from "#contracts/topics.ts";
import { type DeadLetter, insertDeadLetters } from "#db/dead-letters.ts";
import { readOrders, type StockOrderRow, stockUnderTest } from "./stock-under-test.ts";
import { problemOf, type ServiceUnderTest } from "../testing/service-under-test.ts";
import { ann, ask, tell } from "./operators-under-test.ts";

const { signal } = new AbortController();
const orderId = "01890000-0000-7000-8000-000000000001";
const data = { customerId: "c", currency: "GBP", lines: [{ productId: "pen", quantity: 2 }] };
const start: OrderEvent<"order.start"> = { type: "order.start", orderId, atMs: 1, data };
const good = encode(start, "intake");

let service: ServiceUnderTest;
let app: Hono;
beforeEach(async () => void ({ service, app } = await stockUnderTest()));
afterEach(() => service.remove());

const letterOf = (offset: number, rest: Partial<DeadLetter>): DeadLetter => ({
  groupId: groups.stock,
  topic: "order.start",
  partition: 3,
  offset,
  incarnation: "persistent",
  key: good.key,
  value: good.value,
  headers: [["content-type", Buffer.from("x")]],
  timestampMs: 5,
  reason: "unknown-error",
  error: "Error: strange",
  attempts: 5,
  firstSeenAtMs: 10,
  programVersion: "0.1.0",
  traceparent: null,
  ...rest,
});
const keep = (...letters: DeadLetter[]) => service.store.write(signal, (tx) => insertDeadLetters(tx, letters, 20));
const orders = () => readOrders(service.store);
const result = async (path: string, body: object) => deadLetterResult.parse(await (await tell(app, path, body)).json());
const outboxIds = () => service.takeHanded().map(({ messageId }) => messageId);

const reserved: Partial<StockOrderRow> = { orderId, status: "reserved" };
const refused: Partial<StockOrderRow> = { orderId, status: "refused", reason: "discarded" };

describe("dead letters that operators look at", () => {
  test("are listed in pages, the newest first, by what they have in common", async () => {
    await keep(
      letterOf(1, { reason: "no-json", value: Buffer.from([0xff]) }),
      letterOf(2, {}),
      letterOf(3, { topic: "stock.rollback", key: null }),
    );
    const page = async (query: string) => deadLetterPage.parse(await (await ask(app, `/dead-letters?${query}`)).json());
    const first = await page("limit=2");
    assert.deepEqual([first.letters.map(({ offset }) => offset), first.next], [[3, 2], 2]);
    const rest = await page(`limit=2&beforeId=${first.next}`);
    assert.deepEqual([rest.letters.map(({ offset }) => offset), rest.next], [[1], null]);
    for (const [query, offsets] of [
      ["reason=no-json", [1]],
      ["topic=stock.rollback", [3]],
      [`key=${orderId}`, [2, 1]],
      ["state=healed", []],
      ["sinceMs=21", []],
      ["beforeMs=21&state=dead", [3, 2, 1]],
    ] as const)
      assert.deepEqual(
        (await page(query)).letters.map(({ offset }) => offset),
        offsets,
        query,
      );
    await problemOf(await ask(app, "/dead-letters?topic=orders"), 400, "invalid-request");
  });

  test("are counted by topic, reason, state and age", async () => {
    await keep(letterOf(1, {}), letterOf(2, {}), letterOf(3, { reason: "no-json" }));
    const { groups: found } = deadLetterGroups.parse(await (await ask(app, "/dead-letter-groups")).json());
    assert.deepEqual(
      found.map(({ topic, reason, state, ageMs, letters }) => [topic, reason, state, ageMs, letters]),
      [
        ["order.start", "no-json", "dead", 604_800_000, 1],
        ["order.start", "unknown-error", "dead", 604_800_000, 2],
      ],
    );
  });

  test("show all: bytes, text, JSON, headers, whose they are, and whether they can be read now", async () => {
    await keep(letterOf(1, { key: Buffer.from([0xff]) }), letterOf(2, { key: null, value: Buffer.from([0xfe]) }));
    const show = async (id: number) => deadLetterDetail.parse(await (await ask(app, `/dead-letters/${id}`)).json());
    const wrongKey = await show(1);
    assert.deepEqual([wrongKey.key, wrongKey.keyBase64, wrongKey.orderId], [null, "/w==", orderId]);
    assert.deepEqual([wrongKey.messageIds, wrongKey.writers], [[`order.start/${orderId}`], ["intake"]]);
    assert.equal((wrongKey.json as { data: { customerId: string } }).data.customerId, "c");
    assert.deepEqual(wrongKey.headers, [{ name: "content-type", text: "x", base64: "eA==" }]);
    assert.match(wrongKey.readable.detail, /^wrong-key/);
    const nobodys = await show(2);
    assert.deepEqual([nobodys.orderId, nobodys.messageIds, nobodys.text, nobodys.json], [null, [], null, null]);
    await problemOf(await ask(app, "/dead-letters/7"), 404, "not-found");
  });
});

describe("a replay", () => {
  test("feeds the stored bytes to the handler: rows, outbox, state and trail in one transaction", async () => {
    await keep(letterOf(1, {}));
    const dry = await result("/dead-letters/1/replay", { ...ann, dryRun: true });
    assert.deepEqual([dry.outcome, dry.state, await orders()], ["would", "dead", []]);
    assert.match(dry.effect, /reserved; published: stock.success/);
    const done = await result("/dead-letters/1/replay", ann);
    assert.deepEqual([done.outcome, done.state, done.effect], ["done", "replayed", dry.effect]);
    assert.deepEqual(outboxIds(), [`stock.success/${orderId}`]);
    assert.deepEqual(await orders(), [{ ...(await orders())[0], ...reserved }]);
    const { history } = deadLetterDetail.parse(await (await ask(app, "/dead-letters/1")).json());
    assert.deepEqual(
      history.map(({ operator, why, action, effect }) => [operator, why, action, effect]),
      [[ann.operator, ann.why, "replay", done.effect]],
    );
  });

  test("asked twice, or by two at once, is once", async () => {
    await keep(letterOf(1, {}));
    const asked = ["ann", "bob", "cyd"].map((operator) => result("/dead-letters/1/replay", { ...ann, operator }));
    const outcomes = (await Promise.all(asked)).map(({ outcome }) => outcome);
    assert.deepEqual(outcomes.toSorted(), ["already", "already", "done"]);
    const late = await result("/dead-letters/1/discard", { ...ann, isGenuine: true });
    assert.match(late.effect, /^replayed by (ann|bob|cyd) at /);
    assert.deepEqual(outboxIds(), [`stock.success/${orderId}`]);
  });

  test("of what still cannot be read, or still fails, changes nothing and says so", async () => {
    await keep(letterOf(1, { value: Buffer.from("{") }));
    const { errors } = await problemOf(await tell(app, "/dead-letters/1/replay", ann), 422, "rule-broken");
    assert.match(errors?.[0]?.detail ?? "", /still cannot be read \(no-json.*heal it, or discard it/);
    const { letters } = deadLetterPage.parse(await (await ask(app, "/dead-letters")).json());
    assert.equal(letters[0]?.state, "dead");
  });

  test("that failed is in the trail, and what it did before it failed is not; a dry run leaves none", async () => {
    const none = { ...start, data: { ...data, lines: [{ productId: "pen", quantity: 3 }] } };
    await keep(letterOf(1, { value: encode(none, "intake").value }));
    const refusing = "BEFORE INSERT ON orders BEGIN SELECT RAISE(ABORT, 'a bad release'); END";
    await service.store.write(signal, async (tx) => void (await tx.run(`CREATE TRIGGER bad ${refusing}`)));
    const history = async () => deadLetterDetail.parse(await (await ask(app, "/dead-letters/1")).json()).history;
    await problemOf(await tell(app, "/dead-letters/1/replay", { ...ann, dryRun: true }), 422, "rule-broken");
    assert.deepEqual(await history(), []);
    await problemOf(await tell(app, "/dead-letters/1/replay", ann), 422, "rule-broken");
    await service.store.write(signal, async (tx) => void (await tx.run("DROP TRIGGER bad")));
    assert.equal((await result("/dead-letters/1/replay", { ...ann, operator: "bob" })).outcome, "done");
    const [failed, done, ...more] = await history();
    assert.deepEqual([failed?.operator, failed?.why, failed?.action], [ann.operator, ann.why, "tried to replay"]);
    assert.match(failed?.effect ?? "", /^it still fails \(constraint\): .*a bad release/);
    assert.deepEqual([done?.operator, done?.action, more], ["bob", "replay", []]);
    const late = await result("/dead-letters/1/replay", ann);
    assert.match(late.effect, /^replayed by bob at /);
  });
});

describe("a discard", () => {
  test("of a genuine message is its step's refusal, with its outbox", async () => {
    await keep(letterOf(1, { value: Buffer.from("{") }));
    const done = await result("/dead-letters/1/discard", { ...ann, isGenuine: true });
    assert.equal(done.effect, `stock decided: refused; published: stock.failed/${orderId}`);
    assert.deepEqual(outboxIds(), [`stock.failed/${orderId}`]);
    assert.deepEqual(await orders(), [{ ...(await orders())[0], ...refused }]);
  });

  test("of a message whose step was taken meanwhile changes nothing of the order", async () => {
    await keep(letterOf(1, {}), letterOf(2, { value: Buffer.from("{") }));
    await result("/dead-letters/1/replay", ann);
    const done = await result("/dead-letters/2/discard", { ...ann, isGenuine: true });
    assert.equal(done.effect, "stock decided: duplicate; published: nothing");
    assert.deepEqual(await orders(), [{ ...(await orders())[0], ...reserved }]);
  });

  test("of junk, though keyed with an order, drops it and leaves the order alone", async () => {
    await keep(letterOf(1, { value: Buffer.from("junk") }));
    const done = await result("/dead-letters/1/discard", { ...ann, isGenuine: false });
    assert.deepEqual([done.outcome, done.effect, await orders()], ["done", "dropped: nobody of ours published it", []]);
    assert.deepEqual(outboxIds(), []);
  });

  test("of what no outbox can tell about goes by the operator's word, and the trail says so", async () => {
    await keep(letterOf(1, { value: Buffer.from("junk") }), letterOf(2, { value: Buffer.from("{") }));
    const said = { ...ann, saidBy: "operator" };
    const junk = await result("/dead-letters/1/discard", { ...said, isGenuine: false });
    assert.match(junk.effect, /^dropped: nobody of ours published it \(by the operator's word/);
    const genuine = await result("/dead-letters/2/discard", { ...said, isGenuine: true });
    assert.match(genuine.effect, /^stock decided: refused; published: .* \(by the operator's word/);
  });

  test("of what nobody can key is only possible as junk", async () => {
    await keep(letterOf(1, { key: null, value: null }));
    await problemOf(await tell(app, "/dead-letters/1/discard", { ...ann, isGenuine: true }), 422, "rule-broken");
    assert.equal((await result("/dead-letters/1/discard", { ...ann, isGenuine: false })).outcome, "done");
  });

  test("needs somebody who does it and says why", async () => {
    await keep(letterOf(1, {}));
    const body = { ...ann, why: " ", isGenuine: false };
    await problemOf(await tell(app, "/dead-letters/1/discard", body), 400, "invalid-request");
  });
});
