// For tests only: what an operator of Apache Kafka has at hand.
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { EventType } from "#contracts/events.ts";
import { topics } from "#contracts/topics.ts";
import { temporaryFolder } from "#db/temporary-store.ts";
import { apacheKafkaJars } from "#kafka/apache-kafka/jars.ts";
import type { Broker } from "./brokers.ts";

const tools = {
  "kafka-acls": "org.apache.kafka.tools.AclCommand",
  "kafka-topics": "org.apache.kafka.tools.TopicCommand",
  "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
  "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
  "kafka-delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
} as const;

/** Runs one of Kafka's own tools, and gives all that it wrote. Rejects when it says that it failed. */
export async function kafkaTool(name: keyof typeof tools, args: readonly string[]): Promise<string> {
  const classPath = join(await apacheKafkaJars(), "*");
  const java = [
    "-Xshare:auto",
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-cp",
    classPath,
    tools[name],
  ];
  const { stdout, stderr } = await promisify(execFile)("java", [...java, ...args]);
  return `${stdout}${stderr}`;
}

type At = Pick<Broker, "bootstrapServers">;
const to = ({ bootstrapServers }: At) => ["--bootstrap-server", bootstrapServers];

/** Sets what a group has committed in all topics that it has read. Gives what the tool says: it refuses a group that runs. */
export function resetOffsets(broker: At, groupId: string, where: "--to-earliest" | "--to-latest"): Promise<string> {
  const which = ["--group", groupId, "--all-topics", "--reset-offsets", where, "--execute"];
  return kafkaTool("kafka-consumer-groups", [...to(broker), ...which]);
}

/** Deletes all that a topic has, as retention does with what is old. */
export async function deleteRecords(broker: At, topic: EventType): Promise<void> {
  const folder = temporaryFolder();
  try {
    const file = join(folder.path, "offsets.json");
    const all = Array.from({ length: topics[topic].partitions }, (_, partition) => ({ topic, partition, offset: -1 }));
    writeFileSync(file, JSON.stringify({ partitions: all, version: 1 }));
    await kafkaTool("kafka-delete-records", [...to(broker), "--offset-json-file", file]);
  } finally {
    folder.remove();
  }
}

/** Deletes a topic, and makes one of the same name. */
export async function makeAnew(broker: At, topic: EventType): Promise<void> {
  const { partitions, retentionMs } = topics[topic];
  await kafkaTool("kafka-topics", [...to(broker), "--delete", "--topic", topic]);
  const shape = ["--partitions", String(partitions), "--replication-factor", "1"];
  const create = [...to(broker), "--create", "--topic", topic, ...shape, "--config", `retention.ms=${retentionMs}`];
  await kafkaTool("kafka-topics", create);
}

/** Has a look at the next messages of a topic, as a member of a group that is not the looker's. */
export async function lookWithGroup(broker: At, groupId: string, topic: EventType): Promise<void> {
  const how = ["--topic", topic, "--group", groupId, "--max-messages", "20"];
  await kafkaTool("kafka-console-consumer", [...to(broker), ...how]);
}
