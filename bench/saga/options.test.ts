import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { UsageError } from "../../cli/usage-error.ts";
import { parseSagaOptions } from "./options.ts";
import { estimateSeconds, planRuns, rows } from "./rows.ts";

const namesOf = (args: readonly string[]) => parseSagaOptions(args).rows.map(({ name }) => name);
const secondsOf = (args: readonly string[]) => {
  const { rows, timing } = parseSagaOptions(args);
  return estimateSeconds(planRuns(rows), timing);
};

describe("the options of the saga's benchmark", () => {
  test("choose all rows unless some are named", () => {
    assert.deepEqual(
      namesOf([]),
      rows.map(({ name }) => name),
    );
    assert.deepEqual(namesOf(["--rows", "kafka,one-line"]), ["one-line", "kafka"]);
    assert.deepEqual(namesOf(["--rows", "hot", "--rows", "600k", "--quick"]), ["hot", "600k"]);
  });

  test("promise what the help says: a quarter of an hour at most, and two minutes", () => {
    assert.ok(secondsOf([]) <= 13 * 60, `${secondsOf([])} s`);
    assert.ok(secondsOf(["--quick"]) <= 2 * 60, `${secondsOf(["--quick"])} s`);
  });

  test("name every mistake at once, and what there is", () => {
    assert.throws(
      () => parseSagaOptions(["--rows", "one-line,cold", "--rounds", "0"]),
      (error: Error) => {
        assert.ok(error instanceof UsageError);
        assert.equal(error.problems.length, 2);
        assert.match(error.message, /there is no cold; there are one-line, hot/);
        assert.match(error.message, /--rounds 0 is no whole number/);
        return true;
      },
    );
    assert.throws(() => parseSagaOptions(["--fast"]), UsageError);
  });
});

describe("the plan of the runs", () => {
  const plan = planRuns(parseSagaOptions(["--rows", "one-line,baskets", "--rounds", "2"]).rows);

  test("has the compared runs next to each other, each of them first in turn", () => {
    assert.deepEqual(
      plan.map(({ row, variant, round }) => `${round} ${row.name} ${variant}`),
      [
        "1 one-line batches",
        "1 one-line one by one",
        "1 baskets batches",
        "1 baskets one by one",
        "2 one-line one by one",
        "2 one-line batches",
        "2 baskets one by one",
        "2 baskets batches",
      ],
    );
  });
});
