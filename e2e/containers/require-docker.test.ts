import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { missing, needs } from "./engine.ts";

const PROJECT_DIR = join(import.meta.dirname, "../..");

/** Runs the saga suite on Redpanda where no engine is. */
function runSuite(environment: Record<string, string>) {
  const env = { ...process.env, DOCKER_HOST: "unix:///nowhere/docker.sock", REQUIRE_DOCKER: "", ...environment };
  const args = ["test", "./e2e/saga-on-redpanda.long.test.ts"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: PROJECT_DIR, env, encoding: "utf8" });
  return { status, output: stdout + stderr };
}

describe("where no Docker engine answers", () => {
  test("the saga on Redpanda is skipped, and each title says what is missing", () => {
    const { status, output } = runSuite({});
    assert.equal(status, 0, output);
    assert.match(output, / 0 pass\n \d+ skip\n 0 fail/);
    const titles = output.split("\n").filter((line) => line.startsWith("(skip)"));
    assert.ok(titles.every((title) => title.endsWith("(skipped: no Docker engine answers)")));
  });

  test("REQUIRE_DOCKER=1 makes that a failure which says the same", () => {
    const { status, output } = runSuite({ REQUIRE_DOCKER: "1" });
    assert.notEqual(status, 0);
    assert.match(output, /REQUIRE_DOCKER=1, but no Docker engine answers/);
  });
});

describe("what a test needs", () => {
  test("is asked for until something is missing, so that the first lack is named", () => {
    const asked = [() => null, () => "there is no image", () => assert.fail("asked for more")];
    assert.equal(missing(asked, {}), "there is no image");
    assert.throws(() => missing(asked, { REQUIRE_DOCKER: "1" }), /REQUIRE_DOCKER=1, but there is no image/);
    assert.equal(missing([() => null], { REQUIRE_DOCKER: "1" }), null);
  });

  test("may be an image, which is named whole, as a person has to pull it", () => {
    assert.match(needs.image("nowhere/nothing:v0") ?? "", /nowhere\/nothing:v0/);
  });
});
