// For tests only: Apache Kafka that asks each user for its rights, with a user for each service.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deadLetterTopic, type Service, services, topics } from "#contracts/topics.ts";
import { apacheKafkaUnavailable } from "#kafka/apache-kafka/jars.ts";
import { type ApacheKafka, startApacheKafka } from "#kafka/apache-kafka/start.ts";
import { aclCommands } from "../cli/acl/acl-commands.ts";
import { kafkaTool } from "./kafka-tools.ts";

export interface AclBroker extends ApacheKafka {
  /** How a service logs in: its password is in a file. */
  loginOf(service: Service): Readonly<Record<string, string>>;
  /** What must be in no log. */
  readonly passwords: readonly string[];
}

const userOf = (service: Service) => `orderwright-${service}`;

/** Null where one can be run. */
export async function aclBrokerUnavailable(): Promise<string | null> {
  const reason = await apacheKafkaUnavailable();
  if (reason !== null) return reason;
  return spawnSync("openssl", ["version"]).status === 0 ? null : "there is no openssl to make a certificate with";
}

/** With all topics, TLS, a SCRAM user for each service, and the rights that `orderwright acl --form kafka-acls` gives, by Kafka's own tool. */
export async function startAclBroker(): Promise<AclBroker> {
  const users = services.map((service) => ({
    name: userOf(service),
    password: `hush-${service}-${crypto.randomUUID()}`,
  }));
  const origins = Object.values(topics);
  const kafka = await startApacheKafka({ topics: [...origins, ...origins.map(deadLetterTopic)], users });
  const { tls } = kafka;
  if (tls === undefined) throw new Error("there is no openssl to make a certificate with");
  const folder = mkdtempSync(join(tmpdir(), "orderwright-logins-"));
  try {
    for (const { name, password } of users) writeFileSync(join(folder, name), `${password}\n`, { mode: 0o600 });
    for (const service of services) await giveRights(service, kafka.bootstrapServers);
  } catch (error) {
    await kafka.stop();
    throw error;
  }
  return {
    ...kafka,
    passwords: users.map(({ password }) => password),
    loginOf: (service) => ({
      KAFKA_BROKERS: tls.saslBootstrapServers,
      KAFKA_SECURITY_PROTOCOL: "SASL_SSL",
      KAFKA_TLS_CA_FILE: tls.caFile,
      KAFKA_SASL_MECHANISM: "SCRAM-SHA-256",
      KAFKA_SASL_USERNAME: userOf(service),
      KAFKA_SASL_PASSWORD_FILE: join(folder, userOf(service)),
    }),
    async stop() {
      await kafka.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The listener without a login is a superuser's. */
async function giveRights(service: Service, brokers: string): Promise<void> {
  for (const [, ...args] of aclCommands(service, { form: "kafka-acls", userOf, brokers })) {
    await kafkaTool("kafka-acls", args);
  }
}
