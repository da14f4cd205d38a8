import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { oneAtATime } from "./one-at-a-time.ts";

describe("work that is done one at a time", () => {
  test("begins when what was asked before has ended, also when that failed", async () => {
    const seen: string[] = [];
    const work = oneAtATime(async (name: string) => {
      seen.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(`${name} ends`);
      if (name === "b") throw new Error("b fails");
      return name.toUpperCase();
    });
    const all = await Promise.allSettled(["a", "b", "c"].map(work));
    assert.deepEqual(seen, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
    assert.deepEqual(
      all.map((each) => (each.status === "fulfilled" ? each.value : (each.reason as Error).message)),
      ["A", "b fails", "C"],
    );
  });
});
