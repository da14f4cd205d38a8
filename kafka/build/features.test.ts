import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import kafka from "@confluentinc/kafka-javascript";
import { featuresOf } from "./feature-list.mjs";
import { clientFeatures, missingFeature } from "./features.mjs";

describe("the client as built here", () => {
  test("has in librdkafka what its features.json says, no more and no less", () => {
    const inLibrdkafka = { tls: "ssl", scram: "sasl_scram", zlib: "gzip", zstd: "zstd" };
    for (const [feature, name] of Object.entries(inLibrdkafka)) {
      const said = clientFeatures().available.includes(feature);
      assert.equal(kafka.features.includes(name), said, feature);
      assert.equal(missingFeature(feature) === undefined, said, feature);
    }
  });
});

describe("a client given by hand", () => {
  let folder: string;
  let before: string | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "client-features-"));
    before = process.env["ORDERWRIGHT_KAFKA_CLIENT"];
    process.env["ORDERWRIGHT_KAFKA_CLIENT"] = join(folder, "client.node");
  });
  afterEach(() => {
    if (before === undefined) delete process.env["ORDERWRIGHT_KAFKA_CLIENT"];
    else process.env["ORDERWRIGHT_KAFKA_CLIENT"] = before;
    rmSync(folder, { recursive: true, force: true });
  });

  test("is known by the features.json beside it: what is missing says what to install", () => {
    const { features } = featuresOf({ openssl: null, zlib: ["-lz"], zstd: null });
    writeFileSync(join(folder, "features.json"), JSON.stringify(features));
    assert.match(
      missingFeature("tls") ?? "",
      /^This Kafka client is built without TLS\. .*apt-get install -y libssl-dev/,
    );
    assert.match(missingFeature("zstd") ?? "", /apt-get install -y libzstd-dev/);
    assert.equal(missingFeature("zlib"), undefined);
  });

  test("without one is not known to lack anything", () => {
    assert.deepEqual(clientFeatures(), { available: [], missing: {} });
  });
});
