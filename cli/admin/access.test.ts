import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { temporaryFolder } from "#db/temporary-store.ts";
import { UsageError } from "../usage-error.ts";
import { readAccess } from "./access.ts";

const folder = temporaryFolder();
after(() => folder.remove());
const read = (environment: Record<string, string>) => readAccess({ data: folder.path }, environment);
const problemsOf = (environment: Record<string, string>) => {
  try {
    read(environment);
  } catch (error) {
    assert(error instanceof UsageError);
    return error.problems.join("\n");
  }
  return "";
};

describe("the token of an operator's command", () => {
  const file = join(folder.path, "token");
  writeFileSync(file, "hush\n");

  test("may be a file, as an orchestrator mounts it", () => {
    assert.equal(read({ ORDERWRIGHT_ADMIN_TOKEN_FILE: file }).token, "hush");
  });

  test("is refused when it is said twice, as one of them is not what was meant", () => {
    const both = { ORDERWRIGHT_ADMIN_TOKEN: "other", ORDERWRIGHT_ADMIN_TOKEN_FILE: file };
    assert.match(problemsOf(both), /ORDERWRIGHT_ADMIN_TOKEN and ORDERWRIGHT_ADMIN_TOKEN_FILE are both set/);
  });

  test("in a file that is not there is named, and never taken from elsewhere", () => {
    assert.match(problemsOf({ ORDERWRIGHT_ADMIN_TOKEN_FILE: "/nowhere" }), /\/nowhere cannot be read \(ENOENT\)/);
  });

  test("that nobody gave is asked for in both forms", () => {
    assert.match(problemsOf({}), /ORDERWRIGHT_ADMIN_TOKEN is not set .*nor ORDERWRIGHT_ADMIN_TOKEN_FILE/);
  });
});
