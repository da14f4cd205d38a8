import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { clientFeatures } from "#kafka/build/features.mjs";
import { compileBinary } from "./bundle.ts";

describe("a program compiled to one binary, copied alone to another folder", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "orderwright-bundle-"));
    const built = join(folder, "built");
    await compileBinary(join(import.meta.dirname, "bundle-program.ts"), built);
    await copyFile(built, join(folder, "program"));
    await rm(built);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test("makes a Kafka client and uses a libSQL file, with an empty environment", async () => {
    const options = { cwd: folder, env: { TMPDIR: folder }, encoding: "utf8", timeout: 60_000 } as const;
    const { status, stdout, stderr } = spawnSync(join(folder, "program"), ["orders.db"], options);
    assert.equal(status, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), {
      librdkafka: "2.15.1",
      producer: "function",
      rows: ["one"],
      available: clientFeatures().available,
    });
    assert.ok((await readdir(folder)).includes("orders.db"));
  });
});
