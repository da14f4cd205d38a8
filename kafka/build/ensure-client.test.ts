import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { currentClient } from "./current.cjs";
import { ensureClient } from "./ensure-client.mjs";
import { createFakeProject, type FakeProject } from "./fake-project.ts";

let project: FakeProject;
let said: string;
beforeEach(() => {
  project = createFakeProject();
  said = "";
});
afterEach(() => project.remove());

function ensure(env: Record<string, string> = {}) {
  const { projectDir, cacheDir } = project;
  const log = { write: (text: string) => (said += text) };
  return ensureClient({ projectDir, cacheDir, log, env: { ...project.env, ...env } });
}

describe("no client is there", () => {
  test("the client is built and named as the current one", async () => {
    const client = await ensure();
    assert.equal(client.built, true);
    assert.equal(currentClient(project.cacheDir)?.nodeFile, client.nodeFile);
    assert.ok(existsSync(client.nodeFile));
    assert.match(said, /^Kafka client: building .*build\.log\)\nKafka client: built in \d+ s\n$/);
  });

  test("nothing but the client, its parts and its log stays in the cache", async () => {
    await ensure();
    const names = readdirSync(project.cacheDir).sort();
    assert.deepEqual(names, ["build.log", "client", "current.json", "librdkafka", "objects", "toolchain.json"]);
  });

  test("without a compiler or make the error gives the line that installs them, before anything is done", async () => {
    await assert.rejects(ensure({ PATH: project.projectDir }), {
      name: "BuildError",
      message:
        /no C\+\+ compiler .*no make.*\nInstall it with: apt-get install -y g\+\+ make bash \(Fedora: gcc-c\+\+ /,
    });
    assert.deepEqual(project.calls(), []);
  });

  test("a compiler that fails is shown with its last lines and the log, and leaves no client", async () => {
    await assert.rejects(ensure({ FAKE_FAILS: "joint.cc" }), (error: Error) => {
      assert.match(error.message, /joint\.cc:1: error: nonsense\nThe whole log: .*build\.log$/);
      const log = /The whole log: (.*)$/.exec(error.message)?.[1] ?? "";
      assert.match(readFileSync(log, "utf8"), /joint\.cc:1: error: nonsense/);
      return true;
    });
    assert.equal(currentClient(project.cacheDir), undefined);
    assert.equal((await ensure()).built, true);
  });

  test("a package that is not the locked one is refused", async () => {
    project.write("node_modules/node-api-headers/package.json", JSON.stringify({ version: "0.9.0" }));
    await assert.rejects(ensure(), {
      name: "BuildError", // shown without a stack
      message: /node-api-headers is not installed as it is locked \(1\.0\.0\): run "npm ci" first/,
    });
  });
});

describe("an optional library is missing", () => {
  test("the client is built without it, what to install is said once, and asking for it gives the same line", async () => {
    const client = await ensure({ FAKE_WITHOUT: "openssl.c" });
    const features = JSON.parse(readFileSync(join(client.directory, "features.json"), "utf8"));
    const line =
      "apt-get install -y libssl-dev (Fedora: openssl-devel; Alpine: openssl-dev openssl-libs-static; macOS: openssl@3)";
    assert.equal(said.split(line).length, 2, said);
    assert.ok(features.missing.tls.endsWith(line));
    assert.ok(features.missing.scram.endsWith(line));
    assert.deepEqual(features.available, ["plaintext", "plain", "snappy", "lz4", "zlib", "zstd"]);
    assert.ok(
      readFileSync(join(project.cacheDir, "build.log"), "utf8").includes("--disable-ssl --enable-zlib --enable-zstd"),
    );
  });

  test("once it is installed the client is built again", async () => {
    await ensure({ FAKE_WITHOUT: "zstd.c" });
    writeFileSync(join(project.env["FAKE_LIBRARIES"] ?? "", "zstd.h"), "");
    const client = await ensure();
    assert.equal(client.built, true);
    assert.equal(JSON.parse(readFileSync(join(client.directory, "features.json"), "utf8")).missing.zstd, undefined);
  });
});

describe("a client is there", () => {
  test("a second start runs no tool and says nothing", async () => {
    const first = await ensure();
    const before = project.calls();
    said = "";
    assert.deepEqual(await ensure(), { ...first, built: false });
    assert.deepEqual(project.calls(), before);
    assert.equal(said, "");
  });

  const changes: Record<string, (project: FakeProject) => Record<string, string> | void> = {
    "a source of ours": ({ write }) => write("kafka/native/joint.cc", "changed"),
    "a header of ours": ({ write }) => write("kafka/native/include/nan.h", "changed"),
    "a new source": ({ write }) => write("kafka/native/more.cc", "more"),
    "the flags": ({ write }) => write("kafka/build/targets.mjs", "changed"),
    "the package's version": ({ setPackage }) => setPackage("1.0.1", "sha512-upstream"),
    "the package's contents": ({ setPackage }) => setPackage("1.0.0", "sha512-other"),
    "the environment's flags": () => ({ CPPFLAGS: "-I/elsewhere" }),
    "the compiler": ({ write, env }) => {
      write("compiler-version", "2");
      const compiler = join((env["PATH"] ?? "").split(":")[0] ?? "", "c++");
      utimesSync(compiler, 1, 1);
    },
  };
  for (const [input, change] of Object.entries(changes)) {
    test(`a change of ${input} builds another`, async () => {
      const first = await ensure();
      const env = change(project) ?? {};
      const second = await ensure(env);
      assert.equal(second.built, true);
      assert.notEqual(second.nodeFile, first.nodeFile);
      assert.ok(existsSync(first.nodeFile), "processes that run on the first one keep it");
      assert.equal((await ensure(env)).built, false);
    });
  }

  test("a change of our sources compiles only them: librdkafka and upstream's objects are kept", async () => {
    await ensure();
    const before = project.calls().length;
    project.write("kafka/native/joint.cc", "changed");
    await ensure();
    const compiled = project.calls().slice(before);
    assert.equal(compiled.filter((line) => line.includes(" -c ")).length, 1, compiled.join("\n"));
    assert.equal(compiled.filter((line) => line.startsWith("make")).length, 0);
  });

  test("old builds go, the three newest stay", async () => {
    for (let i = 0; i < 5; i++) {
      project.write("kafka/native/joint.cc", `version ${i}`);
      await ensure();
    }
    assert.equal(readdirSync(join(project.cacheDir, "client")).length, 3);
  });

  test("a machine without a compiler runs the client of the same sources", async () => {
    const { nodeFile } = await ensure();
    assert.equal((await ensure({ PATH: project.projectDir })).nodeFile, nodeFile);
  });
});
