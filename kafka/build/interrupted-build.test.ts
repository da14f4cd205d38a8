import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { currentClient } from "./current.cjs";
import { ensureClient } from "./ensure-client.mjs";
import { createFakeProject, type FakeProject } from "./fake-project.ts";
import { isAlive } from "./lock.mjs";

let project: FakeProject;
let children: ChildProcess[];
beforeEach(() => {
  project = createFakeProject();
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  project.remove();
});

const quiet = { write: () => true };
const leftovers = () => readdirSync(project.cacheDir).filter((name) => /^(tmp|lock)/.test(name));
const compiling = () => project.calls().filter((line) => line.includes(" -c "));

async function until(condition: () => boolean) {
  while (!condition()) await sleep(20);
}

function ensureInChild(env: Record<string, string> = {}) {
  const script = join(import.meta.dirname, "ensure-child.mjs");
  const args = "Deno" in globalThis ? ["run", "--allow-all", script] : [script];
  const child = spawn(process.execPath, [...args, project.projectDir, project.cacheDir], {
    env: { ...project.env, ...env, HOME: project.projectDir },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (text) => (stdout += text));
  child.stderr?.on("data", (text) => (stderr += text));
  const closed = new Promise<{ stdout: string; stderr: string }>((resolve) => {
    child.on("close", () => resolve({ stdout, stderr }));
  });
  return { child, closed, stderr: () => stderr };
}

describe("two starts at once", () => {
  test("one builds, the other says that it waits and takes the same client", async () => {
    const slow = { FAKE_SECONDS: "0.5" };
    const one = ensureInChild(slow);
    await until(() => compiling().length > 0);
    const two = ensureInChild(slow);
    const results = await Promise.all([one.closed, two.closed]);
    const [first, second] = results.map(({ stdout }) => JSON.parse(stdout));
    assert.deepEqual([first.built, second.built], [true, false]);
    assert.equal(first.nodeFile, second.nodeFile);
    assert.equal(compiling().length, 2, "each of the two sources was compiled once");
    assert.match(two.stderr(), new RegExp(`^Kafka client: waiting for the build of process ${one.child.pid}\n$`));
  });
});

describe("a build is cut off in the middle", () => {
  test("killed, it leaves no client, and the next start clears up and builds", async () => {
    const { child, closed } = ensureInChild({ FAKE_SECONDS: "2" });
    await until(() => compiling().length > 0);
    child.kill("SIGKILL");
    await closed;
    assert.equal(currentClient(project.cacheDir), undefined);
    assert.notDeepEqual(leftovers(), [], "it had no time to clear up");

    const { projectDir, cacheDir, env } = project;
    assert.equal((await ensureClient({ projectDir, cacheDir, env, log: quiet })).built, true);
    assert.deepEqual(leftovers(), []);
  });

  test("told to stop, it ends its compilers and leaves nothing", async () => {
    const { projectDir, cacheDir, env } = project;
    const stop = new AbortController();
    const slow = { ...env, FAKE_SECONDS: "60" };
    const building = ensureClient({ projectDir, cacheDir, env: slow, log: quiet, signal: stop.signal });
    await until(() => compiling().length > 0);
    stop.abort(new Error("stopped by the test"));
    await assert.rejects(building, { message: "stopped by the test" });
    const pids = compiling().map((line) => Number(line.split(" ")[1]));
    await until(() => !pids.some(isAlive));
    assert.deepEqual(leftovers(), []);
    assert.equal(currentClient(cacheDir), undefined);
  });
});

describe("a source is edited while it is compiled", () => {
  test("nothing is published under the name of the old one, and the next start builds the new one", async () => {
    const { projectDir, cacheDir, env } = project;
    const building = ensureClient({ projectDir, cacheDir, env: { ...env, FAKE_SECONDS: "0.3" }, log: quiet });
    await until(() => compiling().length > 0);
    project.write("kafka/native/joint.cc", "edited");
    await assert.rejects(building, /changed while they were compiled: start again/);
    assert.equal(currentClient(cacheDir), undefined);
    assert.equal((await ensureClient({ projectDir, cacheDir, env, log: quiet })).built, true);
  });
});

describe("a lock is left behind", () => {
  const leave = (owner: { pid: number; host: string }) => {
    mkdirSync(project.cacheDir, { recursive: true });
    writeFileSync(join(project.cacheDir, "lock"), JSON.stringify(owner));
  };
  const build = () => {
    const { projectDir, cacheDir, env } = project;
    return ensureClient({ projectDir, cacheDir, env, log: quiet });
  };

  test("by a process that is gone: it is taken over", async () => {
    leave({ pid: 2 ** 22 + 1, host: hostname() });
    assert.equal((await build()).built, true);
    assert.deepEqual(leftovers(), []);
  });

  test("by another machine that gave no sign for long: it is taken over", async () => {
    leave({ pid: 1, host: "another" });
    utimesSync(join(project.cacheDir, "lock"), 1, 1);
    assert.equal((await build()).built, true);
    assert.deepEqual(leftovers(), []);
  });
});
