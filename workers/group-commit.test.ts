import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createGroupCommit } from "./group-commit.ts";

/** A commit that a test ends, one after the other. */
function createCommits(itemsAtMost = 100) {
  const groups: (readonly number[])[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const ask = createGroupCommit<number, string>(
    async (take) => {
      const failure = await new Promise<Error | undefined>((resolve) => ends.push(resolve));
      if (failure?.message === "before") throw failure;
      const items = take();
      groups.push([...items]);
      if (failure !== undefined) throw failure;
      return items.map(String);
    },
    { weightAtMost: itemsAtMost, weightOf: () => 1 },
  );
  return {
    groups,
    ask,
    async end(error?: Error): Promise<void> {
      while (ends.length === 0) await new Promise((resolve) => setImmediate(resolve));
      ends.shift()?.(error);
    },
  };
}

describe("requests that come while a commit waits for its lock", () => {
  test("share it, each with its own result", async () => {
    const commits = createCommits();
    const asked = [commits.ask(1), commits.ask(2)];
    await commits.end();
    assert.deepEqual(await Promise.all(asked), ["1", "2"]);
    assert.deepEqual(commits.groups, [[1, 2]]);
  });

  test("go into the next one when there are too many", async () => {
    const commits = createCommits(2);
    const asked = [1, 2, 3].map((item) => commits.ask(item));
    await commits.end();
    await commits.end();
    assert.deepEqual(await Promise.all(asked), ["1", "2", "3"]);
    assert.deepEqual(commits.groups, [[1, 2], [3]]);
  });

  test("that fails all fail with it, whether it had taken them or not, and later ones do not", async () => {
    for (const message of ["before", "after"]) {
      const commits = createCommits();
      const asked = Promise.allSettled([commits.ask(1), commits.ask(2)]);
      await commits.end(new Error(message));
      assert.deepEqual(
        (await asked).map(({ status }) => status),
        ["rejected", "rejected"],
      );
      const later = commits.ask(3);
      await commits.end();
      assert.equal(await later, "3");
    }
  });
});

describe("a commit that is run again from its beginning", () => {
  test("is given the same items and what came since", async () => {
    const seen: (readonly number[])[] = [];
    let ask = (_item: number): Promise<number> => Promise.reject(new Error("not yet"));
    let second: Promise<number> | undefined;
    ask = createGroupCommit<number, number>(
      async (take) => {
        seen.push([...take()]);
        second = ask(2);
        const items = take();
        seen.push([...items]);
        return Promise.resolve(items);
      },
      { weightAtMost: 2, weightOf: () => 1 },
    );
    assert.equal(await ask(1), 1);
    assert.equal(await second, 2);
    assert.deepEqual(seen, [[1], [1, 2]]);
  });
});
