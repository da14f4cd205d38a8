import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { testUnless } from "#kafka/testing.ts";
import { run } from "../containers/engine.ts";

const PROJECT_DIR = join(import.meta.dirname, "../..");
const hasGo = spawnSync("go", ["version"]).status === 0;
const unavailable = hasGo ? null : "there is no Go to build the specification's parser with";

describe("docker-compose.yml, read by the Compose specification's own parser", () => {
  let folder: string;
  before(() => {
    if (unavailable !== null) return;
    folder = mkdtempSync(join(tmpdir(), "orderwright-compose-file-"));
    run("go", ["build", "-C", join(import.meta.dirname, "check"), "-o", join(folder, "check"), "."], {
      CGO_ENABLED: "0",
    });
  });
  after(() => unavailable === null && rmSync(folder, { recursive: true }));

  const check = (file: string) => spawnSync(join(folder, "check"), [file], { cwd: PROJECT_DIR, encoding: "utf8" });

  testUnless(unavailable, "is one that it understands", () => {
    const { status, stderr } = check("docker-compose.yml");
    assert.equal(status, 0, stderr);
  });

  testUnless(unavailable, "is refused when a key is misspelt: the check does look", () => {
    const text = readFileSync(join(PROJECT_DIR, "docker-compose.yml"), "utf8");
    const misspelt = join(folder, "docker-compose.yml");
    writeFileSync(misspelt, text.replaceAll("read_only:", "readonly:"));
    const { status, stderr } = check(misspelt);
    assert.equal(status, 1);
    assert.match(stderr, /readonly/);
  });
});
