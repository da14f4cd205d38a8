import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Hono } from "hono";
import { outboxFound, publishAgainResult } from "#contracts/dead-letters.ts";
import { insertOutbox, moveHorizon } from "#db/outbox.ts";
import { outbox } from "#db/shared/schema.ts";
import { problemOf, type ServiceUnderTest } from "../testing/service-under-test.ts";
import { ann, ask, tell } from "./operators-under-test.ts";
import { stockUnderTest } from "./stock-under-test.ts";

const { signal } = new AbortController();
let service: ServiceUnderTest;
let app: Hono;
beforeEach(async () => {
  ({ service, app } = await stockUnderTest());
  const messages = ["a", "b"].map((order) => ({
    messageId: `stock.success/${order}`,
    topic: "stock.success",
    key: Buffer.from(order),
    value: Buffer.from(`{"of":"${order}"}`),
    traceparent: "00-1",
    headers: null,
  }));
  await service.store.write(signal, (tx) => insertOutbox(tx, "i", messages, 1));
});
afterEach(() => service.remove());

const letter = "orderwright.order/stock.success/1/2/persistent";
const again = async (body: object) =>
  publishAgainResult.parse(await (await tell(app, "/outbox/publish-again", { ...ann, letter, ...body })).json());
const rows = () => service.store.read(signal, (database) => database.select().from(outbox));

describe("what a service has published", () => {
  test("is known by its ids", async () => {
    const answer = await ask(app, "/outbox?id=stock.success/b&id=stock.success/c");
    assert.deepEqual(outboxFound.parse(await answer.json()), {
      messageIds: ["stock.success/b"],
      completeSinceMs: null,
    });
    await problemOf(await ask(app, "/outbox"), 400, "invalid-request");
  });

  test("is told with how far back it goes, once rows were let go of", async () => {
    await service.store.write(signal, (tx) => moveHorizon(tx, 77));
    const answer = await ask(app, "/outbox?id=stock.success/c");
    assert.deepEqual(outboxFound.parse(await answer.json()), { messageIds: [], completeSinceMs: 77 });
  });

  test("goes out again behind all others, byte for byte, and is still one row", async () => {
    const [first] = await rows();
    const messageIds = ["stock.success/a", "stock.success/x"];
    assert.deepEqual(await again({ messageIds }), {
      published: ["stock.success/a"],
      already: [],
      missing: ["stock.success/x"],
    });
    const [handed, ...more] = service.takeHanded();
    assert.deepEqual([handed?.messageId, handed?.value, more], ["stock.success/a", first?.value, []]);
    const after = await rows();
    assert.deepEqual(
      after.map(({ seq, messageId }) => [seq, messageId]),
      [
        [2, "stock.success/b"],
        [3, "stock.success/a"],
      ],
    );
    assert.deepEqual({ ...after[1], seq: 1, createdAtMs: 1 }, first);
  });

  test("goes out once for a letter, however often it is asked for, and again for another letter", async () => {
    const messageIds = ["stock.success/a"];
    assert.deepEqual((await again({ messageIds, dryRun: true })).published, messageIds);
    assert.deepEqual(service.takeHanded(), []);
    const answers = await Promise.all([again({ messageIds }), again({ messageIds, operator: "bob" })]);
    assert.deepEqual(
      answers.flatMap(({ published }) => published),
      messageIds,
    );
    assert.deepEqual((await again({ messageIds })).already, messageIds);
    assert.equal(service.takeHanded().length, 1);
    assert.deepEqual((await again({ messageIds, letter: `${letter}x` })).published, messageIds);
  });
});
