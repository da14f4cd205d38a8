import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { findSuites } from "./suites.ts";

describe("the suites", () => {
  test("run the Kafka client on all three runtimes, with the same files", async () => {
    const kafka = (await findSuites({ long: false })).filter(({ name }) => name.startsWith("kafka on "));
    assert.deepEqual(
      kafka.map(({ name }) => name),
      ["kafka on bun", "kafka on deno", "kafka on node"],
    );
    assert.equal(new Set(kafka.map(({ files }) => files.join())).size, 1);
    assert.ok(kafka[0]?.files.includes("kafka/build/ensure-client.test.ts"));
  });

  test("leave long files to the long suites, and those leave all others", async () => {
    const files = async (long: boolean) => (await findSuites({ long })).flatMap((suite) => suite.files);
    assert.ok((await files(false)).every((file) => !file.endsWith(".long.test.ts")));
    assert.ok((await files(true)).every((file) => file.endsWith(".long.test.ts")));
  });
});
