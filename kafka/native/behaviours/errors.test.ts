// What becomes of an error that a callback throws: nobody is there to catch it, so it is an uncaught exception, and the client
// goes on.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type EmbeddedBroker, startEmbeddedBroker } from "../../embedded-broker/start.ts";
import { runProgram } from "./run-program.ts";

let broker: EmbeddedBroker;
let findings: Record<string, unknown>;
before(async () => {
  broker = await startEmbeddedBroker({ topics: [{ name: "errors", partitions: 1, readers: [] }] });
  const program = new URL("errors-program.ts", import.meta.url);
  const { code, signal, output } = await runProgram(program, [broker.bootstrapServers, "errors"]);
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, output);
  findings = JSON.parse(output) as Record<string, unknown>;
});
after(() => broker.stop());

describe("an error thrown", () => {
  test("by a listener of ready is uncaught; the client is connected, and connect's callback is not called", () => {
    assert.deepEqual(findings["ready"], [["in ready"], true, false]);
  });

  test("by connect's callback is uncaught, and the client is connected", () => {
    assert.deepEqual(findings["connect"], [["in connect"], true]);
  });

  test("by delivery reports is uncaught, one by one, and the next reports come", () => {
    assert.deepEqual(findings["reports"], [
      ["in report a", "in report c"],
      ["a", "b", "c"],
    ]);
  });

  test("by flush's callback is uncaught", () => {
    assert.deepEqual(findings["flush"], ["in flush"]);
  });

  test("by a rebalance callback is uncaught, and what it assigned before stays", () => {
    assert.deepEqual(findings["rebalance"], [["in rebalance"], 1]);
  });

  test("by the callback of consume is uncaught, and consuming goes on", () => {
    assert.deepEqual(findings["consume"], [
      ["in consume 1", "in consume 2", "in consume 3"],
      ["a", "b", "c"],
    ]);
  });

  test("by a listener of data is uncaught, and the messages after it come", () => {
    assert.deepEqual(findings["data"], [
      ["in data 1", "in data 2", "in data 3"],
      ["a", "b", "c"],
    ]);
  });

  test("by the callback of disconnect is uncaught, and the client is disconnected", () => {
    assert.equal(findings["disconnect"], true);
  });
});
