import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import {
  closeProducer,
  faults,
  numbered,
  openProducer,
  openReader,
  send,
  until,
} from "../embedded-broker/test-clients.ts";
import { apacheKafkaUnavailable } from "./jars.ts";
import { type ApacheKafka, startApacheKafka } from "./start.ts";

const LIMIT = { timeout: 180_000 };
const PARTITIONS = 2;
const EACH = 50;
const topics = ["plaintext", "plain", "scram", "tls", "sasl-tls"].map((name) => ({
  name,
  partitions: PARTITIONS,
  retentionMs: -1,
}));
const why = await apacheKafkaUnavailable();

describe("Apache Kafka, started by one call", () => {
  if (why === null) startsAndServes();
  else test(`is not tried here (skipped: ${why})`, { skip: why }, () => {});
});

function startsAndServes(): void {
  let kafka: ApacheKafka;
  before(async () => void (kafka = await startApacheKafka({ topics })), LIMIT);
  after(() => kafka.stop());

  async function roundTrip(topic: string, address: string, properties: Record<string, string>): Promise<void> {
    const producer = await openProducer(address, properties);
    const reader = await openReader(address, `${topic}-readers`, [topic], { properties });
    await send(producer, numbered(topic, PARTITIONS, EACH));
    await until(() => reader.seen.length >= EACH * PARTITIONS);
    assert.deepEqual(faults(reader.seen, PARTITIONS, EACH), []);
    await reader.close();
    await closeProducer(producer);
  }

  test("takes and gives messages of the topics that it was started with", LIMIT, async () => {
    await roundTrip("plaintext", kafka.bootstrapServers, {});
  });

  for (const { topic, mechanism } of [
    { topic: "plain", mechanism: "PLAIN" },
    { topic: "scram", mechanism: "SCRAM-SHA-256" },
  ]) {
    test(`lets its user in by ${mechanism}`, LIMIT, async () => {
      await roundTrip(topic, kafka.saslBootstrapServers, {
        "security.protocol": "sasl_plaintext",
        "sasl.mechanisms": mechanism,
        "sasl.username": kafka.user.name,
        "sasl.password": kafka.user.password,
      });
    });
  }

  test("speaks TLS with a certificate that its own authority signed", LIMIT, async () => {
    assert.ok(kafka.tls, "there is no openssl command here to make certificates with");
    await roundTrip("tls", kafka.tls.bootstrapServers, {
      "security.protocol": "ssl",
      "ssl.ca.location": kafka.tls.caFile,
    });
    await roundTrip("sasl-tls", kafka.tls.saslBootstrapServers, {
      "security.protocol": "sasl_ssl",
      "ssl.ca.location": kafka.tls.caFile,
      "sasl.mechanisms": "PLAIN",
      "sasl.username": kafka.user.name,
      "sasl.password": kafka.user.password,
    });
  });

  test("kill -9 of the program that started it leaves no process and no file", LIMIT, async () => {
    const start = new URL("start.ts", import.meta.url).href;
    const script = `const { startApacheKafka } = await import(${JSON.stringify(start)});
      const kafka = await startApacheKafka();
      console.log("ca", kafka.tls?.caFile);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, evaluate(script), { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    parent.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    await until(() => /ca .*\n/.test(output));
    const folder = /ca (.*)\/ca.pem\n/.exec(output)?.[1] ?? "";
    assert.ok(existsSync(folder));
    assert.ok(await isRunning(folder));
    parent.kill("SIGKILL");
    await until(() => !existsSync(folder));
    assert.equal(await isRunning(folder), false);
  });
}

function evaluate(script: string): string[] {
  if ("Deno" in globalThis) return ["eval", "--node-modules-dir=manual", script];
  if ("Bun" in globalThis) return ["-e", script];
  return ["--import", "tsx", "--input-type=module", "-e", script];
}

/** Whether a process names this in its command line. */
async function isRunning(text: string): Promise<boolean> {
  const ps = spawn("ps", ["-Aww", "-o", "args="], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  ps.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  await new Promise((resolve) => ps.on("close", resolve));
  return output.includes(text);
}
