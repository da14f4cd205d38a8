import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { groups, services, topics } from "#contracts/topics.ts";
import { readOffsets } from "#db/offsets.ts";
import { createReader } from "#db/reader.ts";
import { openAdmin } from "#kafka/admin.ts";
import { baseProperties } from "#kafka/settings.ts";
import { isSamePartition } from "#kafka/topic-partition.ts";
import type { TopicPartition } from "#kafka/upstream.ts";
import type { Processes } from "../e2e/processes.ts";

/** Keeps what says why: of each worker all that it wrote and its metrics; of each group how far it has read. Gives the folder. */
export async function keepEvidence(processes: Processes, seed: number, problems: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), `orderwright-chaos-${seed}-`));
  const keep = async (name: string, ask: () => string | Promise<string>) => {
    const text = await Promise.resolve()
      .then(ask)
      .catch((error: unknown) => `cannot be said: ${String(error)}`);
    writeFileSync(join(folder, name), `${text}\n`);
  };
  await keep("problems.txt", () => problems.join("\n"));
  for (const service of services) {
    await keep(`${service}.log`, () => processes.output(service));
    await keep(`${service}.metrics`, async () => {
      const answer = await fetch(`${processes.worker(service).url}/metrics`, { signal: AbortSignal.timeout(5_000) });
      return answer.text();
    });
  }
  await keep("groups.txt", () => groupsText(processes));
  return folder;
}

/** A line for each partition that a group has not read to its end; what its store says, and what it told the broker. */
async function groupsText({ broker, storeUrls }: Processes): Promise<string> {
  const admin = await openAdmin(baseProperties(broker.bootstrapServers), { signal: AbortSignal.timeout(10_000) });
  const lines: string[] = [];
  try {
    for (const [name, groupId] of Object.entries(groups)) {
      const service = services.find((each) => each === name) ?? "intake";
      const read = Object.values(topics).filter(({ readers }) => readers.includes(groupId));
      const partitions = await admin.partitionsOf(read.map((topic) => topic.name));
      const committed = await admin.committedOffsets(groupId, partitions);
      const reader = createReader({ url: storeUrls[service] });
      const rows = await reader.read(new AbortController().signal, (database) => readOffsets(database, groupId));
      reader.close();
      for (const { topic, partition, start, end } of await admin.logRanges(partitions)) {
        const isHere = (each: TopicPartition) => isSamePartition(each, { topic, partition });
        const [row, commit] = [rows.find(isHere), committed.find(isHere)];
        if ((row?.next ?? 0) === end && commit?.offset === end) continue;
        const store = row ? `${row.next} (life ${row.incarnation.slice(0, 8)})` : "nothing";
        const told = commit ? `${commit.offset} (${commit.metadata ?? "no metadata"})` : "nothing";
        lines.push(`${name} ${topic}/${partition}: log ${start} to ${end}; store ${store}; committed ${told}`);
      }
    }
  } finally {
    await admin.close();
  }
  return lines.join("\n");
}
