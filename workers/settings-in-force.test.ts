import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { services } from "#contracts/topics.ts";
import { secretVariables } from "./secret-files.ts";
import { settingsInForce } from "./settings-in-force.ts";

const features = { missing: {} };
const secrets = Object.fromEntries(secretVariables.map((name) => [name, `hush-${name.toLowerCase()}`]));
const environment = {
  KAFKA_BROKERS: "broker:9092",
  KAFKA_SECURITY_PROTOCOL: "SASL_SSL",
  KAFKA_SASL_MECHANISM: "SCRAM-SHA-256",
  KAFKA_SASL_USERNAME: "shop",
  STORE_URL: "libsql://store.example",
  ...secrets,
};

describe("the settings in force", () => {
  for (const service of services) {
    test(`of ${service} say what is set and what is a default, and no secret`, () => {
      const { settings, problems } = settingsInForce(service, environment, features);
      assert.deepEqual(problems, []);
      const found = Object.fromEntries(settings.map(({ variable, ...rest }) => [variable, rest]));
      assert.deepEqual(found["KAFKA_SASL_USERNAME"], { value: "shop", isDefault: false });
      assert.deepEqual(found["KAFKA_FETCH_WAIT_MS"], { value: "500", isDefault: true });
      for (const name of secretVariables) assert.deepEqual(found[name], { value: "(hidden)", isDefault: false }, name);
      assert.doesNotMatch(JSON.stringify(settings), /hush/);
    });
  }

  test("hide what is no secret's place but may hold one, also in what is wrong", () => {
    const careless = { KAFKA_BROKERS: "me:hush@a:9092", STORE_URL: "libsql://s.example?authToken=hush" };
    const { settings, problems } = settingsInForce("stock", careless, features);
    assert.equal(problems.length, 2);
    assert.doesNotMatch(JSON.stringify([settings, problems]), /hush/);
    assert.doesNotMatch(
      JSON.stringify(settingsInForce("stock", { KAFKA_BROKERS: "a:1", STORE_URL: "postgres://me:hush@db" }, features)),
      /hush/,
    );
  });

  test("name each variable once, and those of the service itself", () => {
    const names = settingsInForce("order", environment, features).settings.map(({ variable }) => variable);
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.includes("ORDER_DEADLINE_MS"));
  });
});
