import rdkafka from "@confluentinc/kafka-javascript";
import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { freePorts } from "../free-ports.ts";
import type { TopicSpec } from "../topic-spec.ts";
import { answersMetadata } from "./answers.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { type Guardian, guard } from "./guardian.ts";
import { apacheKafkaJars } from "./jars.ts";
import { type Ports, serverProperties, type User } from "./server-properties.ts";

const run = promisify(execFile);
const LOOK_EVERY_MS = 100;
const CREATE_TIMEOUT_MS = 30_000;

interface ApacheKafkaOptions {
  readonly topics?: readonly Pick<TopicSpec, "name" | "partitions" | "retentionMs">[];
  readonly signal?: AbortSignal;
  /** More users, by SCRAM-SHA-256; with any the broker asks its ACLs what they may do, which is nothing at first. */
  readonly users?: readonly User[];
}

export interface ApacheKafka {
  readonly bootstrapServers: string;
  /** SASL_PLAINTEXT, with PLAIN or SCRAM-SHA-256 as `user`, or OAUTHBEARER with any token that is not signed. */
  readonly saslBootstrapServers: string;
  /** Undefined where there is no `openssl` command to make certificates with. */
  readonly tls:
    | (Pick<Certificates, "caFile" | "clientKeyFile" | "clientCertificateFile"> & {
        readonly bootstrapServers: string;
        readonly saslBootstrapServers: string;
        /** Lets in whoever shows a certificate of the authority. */
        readonly mutualBootstrapServers: string;
      })
    | undefined;
  readonly user: User;
  stop(): Promise<void>;
  kill9(): Promise<void>;
  /** After `kill9` or from running, with the data that it has; Kafka takes up to a minute to recover. */
  restart(): Promise<void>;
}

/**
 * Starts one broker of Apache Kafka (KRaft, Java) in a temporary folder, and waits until it answers. It ends with this
 * process, however this ends, and its folder goes with it. Rejects as `apacheKafkaUnavailable` says.
 */
export async function startApacheKafka({
  topics = [],
  signal,
  users = [],
}: ApacheKafkaOptions = {}): Promise<ApacheKafka> {
  const classPath = join(await apacheKafkaJars(), "*");
  const [plaintext = 0, controller = 0, sasl = 0, tls = 0, saslTls = 0, mutualTls = 0] = await freePorts(6);
  const ports: Ports = { plaintext, controller, sasl, tls, saslTls, mutualTls };
  const user: User = { name: "orderwright", password: randomUUID() };
  signal?.throwIfAborted();

  const folder = mkdtempSync(join(tmpdir(), "orderwright-kafka-"));
  const configuration = join(folder, "server.properties");
  const java = ["java", "-Xmx384m", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"];
  const guardian = guard(folder, [...java, "-cp", classPath, "kafka.Kafka", configuration]);
  const onAbort = () => void guardian.end();
  signal?.addEventListener("abort", onAbort, { once: true });
  const stop = async () => {
    signal?.removeEventListener("abort", onAbort);
    await guardian.end();
  };
  try {
    const certificates = await makeCertificates(folder);
    writeFileSync(configuration, serverProperties(folder, ports, user, certificates, users));
    await format(classPath, configuration, [user, ...users]);
    const start = () => startAndWait(guardian, plaintext, join(folder, "output.log"), signal);
    await start();
    await createTopics(address(plaintext), topics);
    return {
      bootstrapServers: address(plaintext),
      saslBootstrapServers: address(sasl),
      tls: certificates && {
        ...certificates,
        bootstrapServers: address(tls),
        saslBootstrapServers: address(saslTls),
        mutualBootstrapServers: address(mutualTls),
      },
      user,
      stop,
      kill9: () => guardian.kill9(),
      restart: async () => {
        await guardian.kill9();
        await start();
      },
    };
  } catch (error) {
    await stop();
    signal?.throwIfAborted();
    throw error;
  }
}

const address = (port: number) => `127.0.0.1:${port}`;

async function format(classPath: string, configuration: string, users: readonly User[]): Promise<void> {
  // Begins with a letter: a "-" would be read as an option.
  const clusterId = `K${randomBytes(16).toString("base64url").slice(1)}`;
  const scram = users.flatMap(({ name, password }) => [
    "--add-scram",
    `SCRAM-SHA-256=[name=${name},password=${password}]`,
  ]);
  const tool = ["-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", classPath, "kafka.tools.StorageTool"];
  await run("java", [...tool, "format", "-t", clusterId, "-c", configuration, ...scram]);
}

async function startAndWait(guardian: Guardian, port: number, log: string, signal?: AbortSignal): Promise<void> {
  guardian.start();
  while (!(await answersMetadata(port))) {
    signal?.throwIfAborted();
    if (!guardian.isRunning()) {
      throw new Error(`Apache Kafka ended while it started:\n${readFileSync(log, "utf8").slice(-2000)}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}

async function createTopics(
  bootstrapServers: string,
  topics: NonNullable<ApacheKafkaOptions["topics"]>,
): Promise<void> {
  if (topics.length === 0) return;
  const admin = rdkafka.AdminClient.create({ "bootstrap.servers": bootstrapServers });
  try {
    for (const { name, partitions, retentionMs } of topics) {
      const topic = {
        topic: name,
        num_partitions: partitions,
        replication_factor: 1,
        config: { "retention.ms": String(retentionMs) },
      };
      await new Promise<void>((resolve, reject) => {
        admin.createTopic(topic, CREATE_TIMEOUT_MS, (error) =>
          error ? reject(new Error(error.message, { cause: error })) : resolve(),
        );
      });
    }
  } finally {
    admin.disconnect();
  }
}
