import assert from "node:assert/strict";
import process from "node:process";
import { after, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type EmbeddedBroker, startEmbeddedBroker } from "./start.ts";
import { join } from "./testing-members.ts";

const LIMIT = { timeout: 30_000 };
let broker: EmbeddedBroker | undefined;
after(() => broker?.kill9());

describe("a member that waits for its group when the broker is frozen", () => {
  test("is answered afterwards, since it would wait for minutes, and read on what it had", LIMIT, async () => {
    broker = await startEmbeddedBroker({ topics: [{ name: "orders", partitions: 1, readers: [] }] });
    // The broker looks at sessions once a second, and waits a second less than this for members to join anew.
    const joining = { port: broker.port, groupId: "group", sessionMs: 2_000, topic: "orders" };
    const first = await join(joining);
    assert.equal(first?.error, 0, "the first of a group need not wait");
    // The first never joins anew, so this one waits; sessions pass while nothing runs.
    const second = join(joining);
    await delay(200);
    process.kill(broker.pid, "SIGSTOP");
    await delay(joining.sessionMs + 500);
    process.kill(broker.pid, "SIGCONT");
    assert.equal((await second)?.error, 0);
  });
});
