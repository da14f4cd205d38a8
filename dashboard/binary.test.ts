import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { compileBinary } from "../tools/bundle.ts";

describe("intake as one binary", () => {
  test("has the page inside: it is served where there is nothing but the file", { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "orderwright-page-"));
    const binary = join(folder, "intake");
    const inputs = await compileBinary(join(import.meta.dirname, "../workers/intake/main.ts"), binary);
    assert.ok(
      inputs.some((input) => input.startsWith("node_modules/preact/")),
      "its licence is to be told",
    );
    const env = { KAFKA_BROKERS: "127.0.0.1:1", HTTP_PORT: "0", STORE_URL: `file:${join(folder, "intake.db")}` };
    const child = spawn(binary, [], { env, cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
    try {
      let output = "";
      const port = await new Promise<string>((resolve, reject) => {
        child.once("exit", () => reject(new Error(`intake ended: ${output}`)));
        child.stdout.on("data", (text: Buffer) => {
          output += text.toString();
          const found = /"listening".*"port":(\d+)/.exec(output)?.[1];
          if (found !== undefined) resolve(found);
        });
      });
      const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
      assert.match(await (await get("/order/x")).text(), /<title>orderwright<\/title>/);
      const script = await get("/assets/page.js");
      assert.match(script.headers.get("content-type") ?? "", /javascript/);
      assert.ok((await script.text()).length > 50_000);
    } finally {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
