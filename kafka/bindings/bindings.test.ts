import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, test } from "node:test";
import { currentClient, PROJECT_DIR } from "../build/current.cjs";

const require = createRequire(import.meta.url);

describe("require('bindings')", () => {
  test("is answered by this package, for upstream's unchanged JavaScript too", () => {
    const upstream = createRequire(require.resolve("@confluentinc/kafka-javascript"));
    assert.equal(upstream.resolve("bindings"), join(PROJECT_DIR, "kafka/bindings/index.js"));
    const source = readFileSync(join(PROJECT_DIR, "node_modules/@confluentinc/kafka-javascript/librdkafka.js"));
    // As published in 1.10.1: a new version is looked at before this is changed.
    assert.equal(
      createHash("sha256").update(source).digest("hex"),
      "e6a79620243a466af3976851d37cc27a948e6cb32c502a2619261ed9c55c5eb2",
    );
  });

  test("gives the client that was built last", () => {
    const bindings = require("bindings") as (name: string) => unknown;
    const given = process.env["ORDERWRIGHT_KAFKA_CLIENT"] ?? currentClient()?.nodeFile ?? "";
    assert.equal(bindings("confluent-kafka-javascript"), require(given));
  });
});
