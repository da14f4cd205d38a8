// What the joint must do that libuv does: bring threads' results to JavaScript without starving it, and let a process end.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startEmbeddedBroker, type EmbeddedBroker } from "../embedded-broker/start.ts";
import { closeProducer, openProducer, until } from "../embedded-broker/test-clients.ts";
import { runProgram } from "./behaviours/run-program.ts";

const TOPIC = "joint";
const PROGRAM = new URL("event-loop-program.ts", import.meta.url);

let broker: EmbeddedBroker;
before(async () => {
  broker = await startEmbeddedBroker({ topics: [{ name: TOPIC, partitions: 1, readers: ["reader"] }] });
});
after(() => broker.stop());

/** Runs a way to end of event-loop-program.ts on this runtime. */
const run = (way: string) => runProgram(PROGRAM, [way, broker.bootstrapServers]);

describe("a busy client", () => {
  test("leaves the event loop its turns: timers fire while reports come in", async () => {
    const producer = await openProducer(broker.bootstrapServers);
    const messages = 30_000;
    let reports = 0;
    let turns = 0;
    let turnsBetween = 0;
    const turn = setInterval(() => turns++, 1);
    producer.on("delivery-report", () => {
      reports++;
      if (reports === 100) turnsBetween = -turns;
      if (reports === messages) turnsBetween += turns;
    });
    const value = Buffer.alloc(100, "x");
    for (let i = 0; i < messages; i++) producer.produce(TOPIC, 0, value, "key");
    await until(() => reports === messages);
    clearInterval(turn);
    await closeProducer(producer);
    assert.ok(turnsBetween > 5, `${turnsBetween} timers fired between the first and the last report`);
  });

  test("hands any value back as the opaque of its report, although Node-API cannot refer to primitives", async () => {
    const producer = await openProducer(broker.bootstrapServers);
    const opaques = [{ an: "object" }, 42, "text", true, null, Symbol.for("symbol"), () => {}];
    const returned: unknown[] = [];
    producer.on("delivery-report", (_, report) => returned.push(report.opaque));
    for (const opaque of opaques) producer.produce(TOPIC, 0, Buffer.from("x"), null, undefined, opaque);
    await until(() => returned.length === opaques.length);
    await closeProducer(producer);
    assert.deepEqual(returned, opaques);
    assert.strictEqual(returned[0], opaques[0]);
  });
});

describe("a process with clients", () => {
  test("ends by itself once they are disconnected: nothing keeps the event loop alive", async () => {
    assert.deepEqual(await run("disconnect"), { code: 0, signal: null, output: "disconnected\n" });
  });

  test("exits when it says so with live clients, without a crash", async () => {
    assert.deepEqual(await run("exit"), { code: 7, signal: null, output: "exiting\n" });
  });

  test("sees an error thrown in a report's callback as an uncaught exception, and goes on", async () => {
    assert.deepEqual(await run("throw"), {
      code: 0,
      signal: null,
      output: "uncaught: thrown in a report\nreports: 3\n",
    });
  });

  test("goes on when a Worker ends with a native call under way", async () => {
    assert.deepEqual(await run("worker"), { code: 0, signal: null, output: "worker ended\n" });
  });
});
