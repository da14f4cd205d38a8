import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { testUnless } from "#kafka/testing.ts";
import { compileBinary } from "../tools/bundle.ts";
import { findBuildFacts } from "./find-facts.ts";

/** A mount of its own, gone with the process. */
const mountUnavailable =
  spawnSync("unshare", ["--mount", "true"]).status === 0 ? null : "mounting is not permitted to this user";

describe("a service as one binary", () => {
  let folder: string;
  let binary: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "orderwright-binary-"));
    binary = join(folder, "orderwright-stock");
    const constants = { ORDERWRIGHT_BUILD: JSON.stringify(await findBuildFacts()) };
    await compileBinary(join(import.meta.dirname, "entries/stock.ts"), binary, constants);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const settings = { KAFKA_BROKERS: "127.0.0.1:1", HTTP_PORT: "0" };
  function run(args: string[], env: Record<string, string>, command: string[] = [binary]) {
    const [file = "", ...first] = command;
    return spawnSync(file, [...first, ...args], { env, cwd: folder, encoding: "utf8", timeout: 30_000 });
  }

  test("says its commit and what is inside, with nothing unpacked", () => {
    const { status, stdout } = run(["--version"], { TMPDIR: "/nowhere" });
    assert.equal(status, 0);
    assert.match(stdout, /^orderwright-stock ([0-9a-f]{12}|unknown)/);
    assert.match(stdout, /\nlibrdkafka \d+\.\d+\.\d+ \(.*\)\nlibSQL \d.* \(SQLite 3\.\d+\.\d+\)\nBun \d+\.\d+\.\d+\n$/);
  });

  test("refuses an option that it does not know, as a misspelt one would otherwise be ignored", () => {
    const { status, stderr } = run(["--verison"], settings);
    assert.equal(status, 2);
    assert.match(stderr, /"--verison" is not understood[^]*--ready/);
  });

  test("asked whether it is ready, says where nobody answers", () => {
    const { status, stdout } = run(["--ready"], { HTTP_PORT: "1" });
    assert.equal(status, 1);
    assert.match(stdout, /http:\/\/127\.0\.0\.1:1\/ready does not answer/);
  });

  test("refuses settings with all problems, from an empty environment", () => {
    const { status, stderr } = run([], { TMPDIR: folder, HTTP_PORT: "x" });
    assert.equal(status, 1);
    assert.match(stderr, /stock: KAFKA_BROKERS is not set/);
    assert.match(stderr, /stock: HTTP_PORT is "x"/);
  });

  test("where the temporary folder is not there, says so and what to mount", () => {
    const { status, stderr } = run([], { ...settings, TMPDIR: "/nowhere" });
    assert.equal(status, 1);
    assert.match(stderr, /into the temporary folder \/nowhere: there is no such folder\./);
    assert.match(stderr, /--tmpfs \/nowhere:rw,exec/);
  });

  const mounts = { "read-only": "ro", "mounted noexec": "rw,noexec", full: "rw,size=1m" };
  const said = {
    "read-only": "it is read-only",
    "mounted noexec": "it is mounted noexec",
    full: "only 1 MiB are free there",
  };
  for (const [kind, options] of Object.entries(mounts)) {
    testUnless(mountUnavailable, `where the temporary folder is ${kind}, says so and what to mount`, () => {
      const at = join(folder, options);
      mkdirSync(at);
      const mount = `mount -t tmpfs -o ${options} tmpfs ${at} && exec "$0"`;
      const env = { ...settings, TMPDIR: at, PATH: process.env["PATH"] ?? "" };
      const { status, stderr } = run([], env, ["unshare", "--mount", "sh", "-c", mount, binary]);
      assert.equal(status, 1, stderr);
      assert.ok(stderr.includes(`into the temporary folder ${at}: ${said[kind as keyof typeof said]}.`), stderr);
      assert.match(stderr, /Docker's default for tmpfs is noexec/);
    });
  }
});
