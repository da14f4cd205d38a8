import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { temporaryFolder } from "#db/temporary-store.ts";
import { UsageError } from "../usage-error.ts";
import { readOptions } from "./options.ts";

const environment = { ORDERWRIGHT_ADMIN_TOKEN: "t", USER: "ann" };
const folder = temporaryFolder();
const read = (...args: string[]) => readOptions([...args, "--data", folder.path], environment, 1_000_000);
const problemsOf = (...args: string[]) => {
  try {
    read(...args);
    return [];
  } catch (error) {
    assert(error instanceof UsageError);
    return error.problems;
  }
};

describe("the command line of dlq", () => {
  test("counts what is dead when nothing is said", () => {
    const { verb, filter, by, does } = read();
    assert.deepEqual([verb, filter, by, does], ["groups", { state: "dead" }, ["service", "topic", "reason"], false]);
  });

  test("says which letters by what they have in common", () => {
    const { filter, services, operator } = read(
      "heal",
      "--topic",
      "order.start",
      "--older",
      "15m",
      "--service",
      "stock",
    );
    assert.deepEqual(filter, { state: "dead", topic: "order.start", beforeMs: "100000" });
    assert.deepEqual([services, operator], [["stock"], "ann"]);
  });

  test("names letters as the list shows them", () => {
    assert.deepEqual(read("replay", "stock/12", "intake/3").names, [
      { service: "stock", id: 12 },
      { service: "intake", id: 3 },
    ]);
  });

  test("closes nothing that nobody named, and nothing without a reason", () => {
    assert.match(problemsOf("discard")[0] ?? "", /say which to discard: names, --topic and the like, or --all/);
    assert.match(problemsOf("discard", "stock/1", "--all")[0] ?? "", /not both/);
    assert.match(problemsOf("discard", "stock/1", "--yes")[0] ?? "", /--yes needs --why/);
    assert.match(problemsOf("heal", "--all", "--state", "healed")[0] ?? "", /--state has no use/);
  });

  test("takes the operator's word only for a discard, and only one of two", () => {
    assert.equal(read("discard", "stock/1", "--as", "junk").discardAs, "junk");
    assert.equal(read("discard", "stock/1").discardAs, undefined);
    assert.match(problemsOf("heal", "stock/1", "--as", "junk")[0] ?? "", /--as has no use for "heal"/);
    assert.match(problemsOf("discard", "stock/1", "--as", "rubbish")[0] ?? "", /none of junk, genuine/);
  });

  test("is refused with all that is wrong at once", () => {
    const problems = problemsOf("heal", "12", "--older", "soon", "--limit", "0", "--topic", "orders");
    assert.equal(problems.length, 4, problems.join("\n"));
    assert.match(problemsOf("revive")[0] ?? "", /"revive" is none of list, groups, show, heal, replay, discard/);
  });
});
