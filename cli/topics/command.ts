import process from "node:process";
import { parseArgs } from "node:util";
import { deadLetterTopic, topics } from "#contracts/topics.ts";
import { sleep } from "#bus/back-off.ts";
import { type KafkaAdmin, openAdmin, type TopicsReport } from "#kafka/admin.ts";
import { clientFeatures } from "#kafka/build/features.mjs";
import { KafkaError } from "#kafka/errors.ts";
import { clientSettings, SettingsError } from "#kafka/settings.ts";
import type { ClientProperties } from "#kafka/upstream.ts";
import { readSecretFiles } from "#workers/secret-files.ts";
import { UsageError } from "../usage-error.ts";

export const topicsHelp = `orderwright topics [--replication N] [--wait SECONDS]

Makes the topics that are missing at the broker of KAFKA_BROKERS (with KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_*, KAFKA_TLS_*), with
partitions and retention from the contracts, and says where one that is there differs. Asked again it changes nothing. To be
run before services start, by a user that may create topics: a service waits for its topics, and never makes one.

  --replication N   replicas of a new topic (default: as the broker is set; 3 for data that must outlive a broker)
  --wait SECONDS    how long to wait for the broker (default: 0)

Exit code: 0 all topics are there as they must be, 1 not, 2 the command line is not understood.`;

const retryMs = 500;

/** @throws UsageError */
export async function topicsCommand(args: readonly string[]): Promise<number> {
  const { replicationFactor, waitMs } = parseOptions(args);
  const specs = Object.values(topics)
    .flatMap((topic) => [topic, deadLetterTopic(topic)])
    .map((spec) => (replicationFactor === undefined ? spec : { ...spec, replicationFactor }));
  try {
    const report = await withAdmin(settings(), waitMs, (admin) => admin.ensureTopics(specs));
    show(report, specs.length);
    return report.differences.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof KafkaError || error instanceof SettingsError)) throw error;
    const problems = error instanceof SettingsError ? error.problems : [error.message];
    problems.forEach((problem) => console.error(`orderwright topics: ${problem}`));
    return 1;
  }
}

function settings(): ClientProperties {
  const { environment, problems } = readSecretFiles(process.env);
  if (problems.length > 0) throw new SettingsError(problems);
  return clientSettings(environment, clientFeatures());
}

/** A broker that is starting refuses connections, or answers before it can create a topic. */
async function withAdmin<T>(
  client: ClientProperties,
  waitMs: number,
  ask: (admin: KafkaAdmin) => Promise<T>,
): Promise<T> {
  const untilMs = performance.now() + waitMs;
  for (;;) {
    try {
      const admin = await openAdmin(client);
      try {
        return await ask(admin);
      } finally {
        await admin.close();
      }
    } catch (error) {
      const mayPass = error instanceof KafkaError && error.kind === "retriable";
      if (!mayPass || performance.now() > untilMs) throw error;
      await sleep(retryMs, new AbortController().signal);
    }
  }
}

function show({ created, differences }: TopicsReport, all: number): void {
  created.forEach((name) => console.log(`created ${name}`));
  console.log(`${all} topics: ${created.length} created, ${all - created.length} were there`);
  differences.forEach((difference) => console.error(`orderwright topics: ${difference}`));
}

function parseOptions(args: readonly string[]) {
  const options = { replication: { type: "string" }, wait: { type: "string" } } as const;
  let values: { readonly replication?: string | undefined; readonly wait?: string | undefined };
  try {
    ({ values } = parseArgs({ args: [...args], options, strict: true }));
  } catch (error) {
    throw new UsageError([(error as Error).message]);
  }
  const problems: string[] = [];
  const replication = values.replication === undefined ? undefined : Number(values.replication);
  if (replication !== undefined && !(Number.isInteger(replication) && replication >= 1 && replication <= 9)) {
    problems.push(`--replication ${values.replication} is not a whole number from 1 to 9`);
  }
  const seconds = Number(values.wait ?? 0);
  if (!(seconds >= 0 && seconds <= 3_600)) problems.push(`--wait ${values.wait} is not a number of seconds up to 3600`);
  if (problems.length > 0) throw new UsageError(problems);
  return { replicationFactor: replication, waitMs: seconds * 1_000 };
}
