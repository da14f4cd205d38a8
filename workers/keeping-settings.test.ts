import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createEnvironmentReader, EnvironmentError } from "./environment.ts";
import { readKeepingSettings } from "./keeping-settings.ts";

const days = (count: number) => String(count * 24 * 60 * 60_000);

function problemsOf(environment: Record<string, string>): readonly string[] {
  const reader = createEnvironmentReader(environment);
  readKeepingSettings(reader);
  try {
    reader.check();
    return [];
  } catch (error) {
    assert(error instanceof EnvironmentError);
    return error.problems;
  }
}

describe("how long rows are kept", () => {
  test("is in order by default", () => assert.deepEqual(problemsOf({}), []));

  test("is refused where a topic, or a heal, could deliver to a row that is gone: each problem is said", () => {
    const problems = problemsOf({
      OUTBOX_KEPT_MS: days(6),
      DEAD_LETTERS_KEPT_MS: days(1),
      ORDERS_KEPT_MS: days(12),
      CANCEL_WINDOW_MS: days(8),
    });
    assert.deepEqual(
      problems.map((problem) => problem.split(",")[0]),
      [
        "OUTBOX_KEPT_MS is 6 days",
        "DEAD_LETTERS_KEPT_MS is 1 days",
        "ORDERS_KEPT_MS is 12 days",
        "ORDERS_KEPT_MS is 12 days",
      ],
    );
    assert.match(problems[2] ?? "", /OUTBOX_KEPT_MS and the 7 days that topics keep messages together, 13 days/);
  });
});
