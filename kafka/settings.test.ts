import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { baseProperties, clientSettings, consumerSettings, producerSettings, SettingsError } from "./settings.ts";

const WHOLE = { missing: {} };
const SECURE = {
  KAFKA_BROKERS: "a.example:9092, [::1]:9093",
  KAFKA_SECURITY_PROTOCOL: "sasl_ssl",
  KAFKA_SASL_MECHANISM: "scram-sha-256",
  KAFKA_SASL_USERNAME: "shop",
  KAFKA_SASL_PASSWORD: "hush-hush",
  KAFKA_TLS_CA_FILE: "/etc/ca.pem",
};

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    return error.problems;
  }
  return [];
}

describe("an environment for a broker with TLS and SASL", () => {
  test("becomes librdkafka's properties", () => {
    const settings = clientSettings(SECURE, WHOLE);
    assert.equal(settings["bootstrap.servers"], "a.example:9092,[::1]:9093");
    assert.equal(settings["security.protocol"], "sasl_ssl");
    assert.equal(settings["sasl.mechanisms"], "SCRAM-SHA-256");
    assert.equal(settings["sasl.username"], "shop");
    assert.equal(settings["sasl.password"], "hush-hush");
    assert.equal(settings["ssl.ca.location"], "/etc/ca.pem");
  });

  test("is refused with the install line when this client has neither, and nothing secret is said", () => {
    const missing = { tls: "apt-get install libssl-dev", scram: "scram needs libssl-dev" };
    const problems = problemsOf(() => clientSettings(SECURE, { missing }));
    assert.deepEqual(problems, [
      "KAFKA_SECURITY_PROTOCOL=SASL_SSL: apt-get install libssl-dev",
      "KAFKA_SASL_MECHANISM=SCRAM-SHA-256: scram needs libssl-dev",
    ]);
  });
});

describe("an environment with several mistakes", () => {
  test("is told all of them at once, since who mends them one by one starts many times", () => {
    const problems = problemsOf(() =>
      clientSettings(
        {
          KAFKA_BROKERS: "kafka://a:9092,b,c:70000,me:secret@d:1",
          KAFKA_SECURITY_PROTOCOL: "SASL_PLAINTEXT",
          KAFKA_SASL_MECHANISM: "GSSAPI",
          KAFKA_SASL_USER: "misspelt",
          KAFKA_SASL_PASSWORD: "hush-hush",
          KAFKA_TLS_CERT_FILE: "/cert.pem",
        },
        WHOLE,
      ),
    );
    const expected = [
      /"kafka:\/\/a:9092" is not host:port/,
      /"b" is not host:port/,
      /"c:70000" is not host:port/,
      /entry 4 is not host:port/,
      /KAFKA_SASL_USERNAME is not set/,
      /KAFKA_TLS_CERT_FILE is set, but/,
      /CERT_FILE and KAFKA_TLS_KEY_FILE go together/,
      /KAFKA_SASL_MECHANISM is none of PLAIN/,
      /KAFKA_SASL_USER is not a setting/,
    ];
    assert.equal(problems.length, expected.length, problems.join("\n"));
    expected.forEach((sign, index) => assert.match(problems[index] ?? "", sign));
    assert.doesNotMatch(problems.join(), /hush|secret/);
  });

  test("hears of a missing KAFKA_BROKERS and of an unknown protocol", () => {
    const problems = problemsOf(() => clientSettings({ KAFKA_SECURITY_PROTOCOL: "TLS" }, WHOLE));
    assert.match(problems.join(), /KAFKA_BROKERS is not set.*KAFKA_SECURITY_PROTOCOL is none of PLAINTEXT, SSL/);
  });

  test("may hold names that the platform put there", () => {
    const environment = { KAFKA_BROKERS: "a:1", KAFKA_PORT: "tcp://10.0.0.1:9092", KAFKA_HOME: "/opt" };
    assert.deepEqual(clientSettings(environment, WHOLE), {
      ...baseProperties("a:1"),
      "security.protocol": "plaintext",
    });
  });
});

describe("settings of a worker", () => {
  const client = baseProperties("a:1");

  test("never lose, double or reorder a message, whatever the options", () => {
    const settings = producerSettings(client, { lingerMs: 2, deliveryTimeoutMs: 30_000 }, WHOLE);
    assert.equal(settings["enable.idempotence"], true);
    assert.equal(settings.acks, "all");
    assert.equal(settings.partitioner, "murmur2_random");
    assert.equal(settings["delivery.timeout.ms"], 30_000);
    assert.equal(settings["linger.ms"], 2);
  });

  test("never commit or jump on their own", () => {
    const settings = consumerSettings(client, { groupId: "g" });
    assert.equal(settings["enable.auto.commit"], false);
    assert.equal(settings["enable.auto.offset.store"], false);
    assert.equal(settings["auto.offset.reset"], "error");
    assert.equal(settings["partition.assignment.strategy"], "cooperative-sticky");
  });

  test("refuse a compression that this client was built without", () => {
    const options = { lingerMs: 0, deliveryTimeoutMs: 1_000, compression: "zstd" } as const;
    const features = { missing: { zstd: "apt-get install libzstd-dev" } };
    assert.match(problemsOf(() => producerSettings(client, options, features)).join(), /zstd: apt-get install/);
    assert.deepEqual(
      problemsOf(() => producerSettings(client, { ...options, compression: "lz4" }, features)),
      [],
    );
  });
});
