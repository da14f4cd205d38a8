// How a process or a Worker ends that has clients which are connected and in the middle of things.
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { type EmbeddedBroker, startEmbeddedBroker } from "../../embedded-broker/start.ts";
import { IS_UPSTREAMS_BUILD } from "./clients.ts";
import { runProgram } from "./run-program.ts";

const TOPIC = "endings";

let broker: EmbeddedBroker;
before(async () => {
  broker = await startEmbeddedBroker({ topics: [{ name: TOPIC, partitions: 1, readers: [] }] });
});
after(() => broker.stop());

/** @param signalled gets SIGTERM when it says that it is ready */
function end(way: string, { signalled = false } = {}) {
  const program = new URL("endings-program.ts", import.meta.url);
  return runProgram(program, [way, broker.bootstrapServers, TOPIC], (child) => {
    if (signalled) child.stdout?.once("data", () => process.kill(child.pid ?? 0, "SIGTERM")); // Deno takes child.kill() for the end
  });
}

describe("a process with live clients", () => {
  test("exits where a delivery report says so, with its code", async () => {
    assert.deepEqual(await end("exit in a report"), { code: 5, signal: null, output: "" });
  });

  test("exits where a consumed message says so, with its code", async () => {
    assert.deepEqual(await end("exit in data"), { code: 6, signal: null, output: "" });
  });

  test("exits while its clients connect, with its code; upstream's build crashes there now and then", async () => {
    // Three at once, since it is a matter of chance: before OpenSSL was kept to the end, one of three crashed on Node and two on Deno.
    const endings = await Promise.all([1, 2, 3].map(() => end("exit while clients connect")));
    for (const { code, signal } of endings) {
      if (IS_UPSTREAMS_BUILD) assert.ok(code === 7 || signal === "SIGSEGV" || signal === "SIGABRT");
      else assert.deepEqual({ code, signal }, { code: 7, signal: null });
    }
  });

  test("dies of an error that nobody catches, as of any other", async () => {
    const { code, signal } = await end("uncaught");
    assert.deepEqual({ code, signal }, { code: 1, signal: null });
  });

  test("dies of SIGTERM at once when it has no handler", async () => {
    assert.deepEqual(await end("signal", { signalled: true }), { code: null, signal: "SIGTERM", output: "ready\n" });
  });

  test("disconnects in its handler of SIGTERM, and then ends by itself", async () => {
    const ending = await end("signal with a handler", { signalled: true });
    // It never ends there when messages wait just then; disconnecting.test.ts sees to that one.
    if (IS_UPSTREAMS_BUILD && ending.signal === "SIGKILL") return;
    assert.deepEqual(ending, { code: 0, signal: null, output: "ready\ndisconnected\n" });
  });

  test("goes on as long as a client is connected: it holds the event loop", async () => {
    assert.deepEqual(await end("alive"), { code: 0, signal: null, output: "still alive\nexit\n" });
  });
});

describe("a Worker with live clients", () => {
  test("may be terminated, exit, throw or return, and its process goes on; upstream's build loads in none", async () => {
    const output = IS_UPSTREAMS_BUILD ? "Module did not self-register\n" : "workers ended\n";
    assert.deepEqual(await end("workers"), { code: 0, signal: null, output });
  });
});
