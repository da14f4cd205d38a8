import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { services } from "#contracts/topics.ts";
import { temporaryFolder } from "#db/temporary-store.ts";
import { defaultCacheDir, PROJECT_DIR } from "#kafka/build/current.cjs";
import { denoPermissions } from "../e2e/deno-command.ts";

const PROGRAM = `
  import kafka from "@confluentinc/kafka-javascript";
  const producer = new kafka.Producer({ "bootstrap.servers": "127.0.0.1:1" });
  console.log(kafka.librdkafkaVersion, typeof producer.connect);
`;
// Native code is let in by file, and asks nobody for the network. The rest is what names that file.
const NARROWEST = [
  `--allow-ffi=${defaultCacheDir()}`,
  `--allow-read=${defaultCacheDir()},kafka/bindings,kafka/build/current.cjs`,
];

describe("Deno with narrow permissions", () => {
  let folder: string;
  before(async () => {
    // Inside the project: npm packages are found from where the program is.
    folder = await mkdtemp(join(PROJECT_DIR, "node_modules/.deno-permissions-"));
    await writeFile(join(folder, "program.mjs"), PROGRAM);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const run = (permissions: string[], env: Record<string, string> = {}) => {
    const args = ["run", "--no-prompt", "--node-modules-dir=manual", ...permissions, join(folder, "program.mjs")];
    const deno = join(PROJECT_DIR, "node_modules/deno/deno");
    const { PATH = "", HOME = "" } = process.env;
    const options = { cwd: PROJECT_DIR, env: { PATH, HOME, NO_COLOR: "1", ...env }, encoding: "utf8" } as const;
    return spawnSync(deno, args, { ...options, timeout: 60_000 });
  };

  test("native code from the client's folder and reading three paths are enough: no environment, no network, no system", () => {
    const { stdout, stderr } = run(NARROWEST);
    assert.equal(stdout, "2.15.1 function\n", stderr);
  });

  for (const [i, permission] of NARROWEST.entries()) {
    test(`without ${permission.split("=")[0]} it is refused: nothing of it is there in vain`, () => {
      const { status, stderr } = run(NARROWEST.filter((_, other) => other !== i));
      assert.equal(status, 1);
      assert.match(stderr, /NotCapable: Requires (ffi|read) access/);
    });
  }

  test("with no client and no right to build one, the error says the command that builds it", () => {
    const { status, stderr } = run([...NARROWEST, "--allow-env"], { ORDERWRIGHT_CACHE_DIR: folder });
    assert.equal(status, 1);
    assert.match(
      stderr,
      /is not built yet, and Deno may not run its build here\. Build it once with: node kafka\/build\/main\.mjs/,
    );
  });
});

describe("a worker on Deno, under the permissions of its task in deno.json", () => {
  const store = temporaryFolder();
  after(() => store.remove());

  for (const service of services) {
    const permissions = denoPermissions(service, 0, store.path).map((flag) => flag.replace("127.0.0.1:0", "127.0.0.1"));
    // A broker that is not there: what is asked of the system is asked before.
    const env = {
      HTTP_PORT: "0",
      KAFKA_BROKERS: "127.0.0.1:1",
      STORE_URL: `file:${join(store.path, `${service}.db`)}`,
    };
    const start = (flags: readonly string[]) => {
      const args = ["run", ...flags, join(PROJECT_DIR, "workers", service, "main.ts")];
      const child = spawn(join(PROJECT_DIR, "node_modules/deno/deno"), args, {
        env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", NO_COLOR: "1", ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      return new Promise<string>((resolve) => {
        for (const stream of [child.stdout, child.stderr]) {
          stream.on("data", (text: Buffer) => {
            output += text.toString();
            if (output.includes('"listening"')) child.kill("SIGKILL");
          });
        }
        child.once("close", () => resolve(output));
      });
    };

    test(`${service} serves`, async () => assert.match(await start(permissions), /"listening"/));

    for (const permission of permissions.filter((flag) => flag.startsWith("--allow-"))) {
      const [name = ""] = permission.split("=");
      test(`${service} without ${name} is refused: nothing of it is there in vain`, async () => {
        const output = await start(permissions.filter((other) => other !== permission));
        assert.match(output, new RegExp(`Requires ${name.slice("--allow-".length)} access`));
        assert.doesNotMatch(output, /"listening"/);
      });
    }
  }
});
