import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { type Service, services } from "#contracts/topics.ts";
import { temporaryFolder } from "#db/temporary-store.ts";
import { testUnless } from "#kafka/testing.ts";
import { alertExpressions, alertRules, dashboardQueries, namesIn } from "./queries.ts";

const read = (file: string) => readFileSync(join(import.meta.dirname, file), "utf8");
/** Where promtool is, such as Debian's prometheus package brings it. */
const promtool = process.env["PROMTOOL"] ?? "promtool";
const noPromtool = spawnSync(promtool, ["--version"]).status === 0 ? null : "promtool is not installed";
if (noPromtool !== null && process.env["REQUIRE_PROMTOOL"] === "1") throw new Error(noPromtool);

/** What a worker serves at `/metrics`, as a process and without a broker. */
async function metricsOf(service: Service, folder: string): Promise<string> {
  const main = join(import.meta.dirname, `../workers/${service}/main.ts`);
  const store = `file:${join(folder, `${service}.db`)}`;
  const env = { ...process.env, HTTP_PORT: "0", STORE_URL: store, KAFKA_BROKERS: "127.0.0.1:1" };
  const child = spawn(process.execPath, [main], { env, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const port = await new Promise<string>((resolve, reject) => {
      let output = "";
      child.once("exit", () => reject(new Error(`${service} ended: ${output}`)));
      child.stdout.on("data", (text: Buffer) => {
        output += text.toString();
        const found = /"listening".*"port":(\d+)/.exec(output)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    return await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  } finally {
    child.kill("SIGKILL");
  }
}

/** `_bucket`, `_sum` and `_count` are parts of a histogram. */
const familyOf = (name: string, types: ReadonlyMap<string, string>) => {
  const histogram = name.replace(/_(?:bucket|sum|count)$/, "");
  return types.get(histogram) === "histogram" ? histogram : name;
};
/** Written by `orderwright audit --metrics`, not served. */
const notServed = new Set(["orderwright_audit_findings", "orderwright_audit_timestamp_seconds"]);

describe("alert rules and the dashboard", () => {
  test("ask for nothing that no worker serves", { timeout: 60_000 }, async () => {
    const folder = temporaryFolder();
    try {
      const texts = await Promise.all(services.map((service) => metricsOf(service, folder.path)));
      const types = new Map<string, string>();
      for (const [, name = "", type = ""] of texts.join("\n").matchAll(/^# TYPE (\S+) (\S+)$/gm)) types.set(name, type);
      const asked = [...new Set([...alertExpressions, ...dashboardQueries].flatMap(namesIn))];
      assert.ok(asked.length > 12, "a check of nothing would always pass");
      const unknown = asked.filter((name) => !notServed.has(name) && !types.has(familyOf(name, types)));
      assert.deepEqual(unknown, []);
      for (const [name, type] of types) {
        assert.equal(name.endsWith("_total"), type === "counter", `${name} is a ${type}`);
        assert.doesNotMatch(name, /_(?:ms|millis|kb)\b/, "base units");
      }
    } finally {
      folder.remove();
    }
  });

  test("have a runbook for each alert, and a test", () => {
    const headings = [...read("../docs/runbook.md").matchAll(/^## (.*)$/gm)].map(([, text = ""]) =>
      text.toLowerCase().replaceAll(" ", "-"),
    );
    const anchors = [...alertRules.matchAll(/runbook: "docs\/runbook\.md#(.*)"/g)].map(([, anchor = ""]) => anchor);
    assert.equal(anchors.length, alertExpressions.length);
    assert.deepEqual(new Set(anchors), new Set(headings));
    const tried = read("alerts.test.yaml");
    const alerts = [...alertRules.matchAll(/- alert: (\S+)/g)].map(([, name = ""]) => name);
    assert.deepEqual(
      alerts.filter((name) => !tried.includes(`alertname: ${name}\n`)),
      [],
    );
  });

  testUnless(noPromtool, "fire when they should and not before, says promtool", () => {
    const { status, stdout, stderr } = spawnSync(promtool, ["test", "rules", "alerts.test.yaml"], {
      cwd: import.meta.dirname,
      encoding: "utf8",
    });
    assert.equal(status, 0, stdout + stderr);
  });
});
