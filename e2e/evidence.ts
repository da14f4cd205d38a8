// For tests only.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { services } from "#contracts/topics.ts";
import { connect } from "#db/connection.ts";
import type { Processes } from "./processes.ts";

/** What tells where an order is on its way; of the outbox all but the bodies. */
const queries = {
  instances: sql`SELECT * FROM instances`,
  rounds: sql`SELECT * FROM relay_rounds`,
  offsets: sql`SELECT * FROM offsets`,
  suspects: sql`SELECT * FROM suspects`,
  deadLetters: sql`SELECT topic, partition, "offset", reason, error FROM dead_letters`,
  outbox: sql`SELECT seq, instance_id, created_at_ms, message_id FROM outbox`,
};

/** Whoever is further out need not keep it again. */
class KeptError extends Error {}

/** Where `work` fails, keeps what all workers wrote and what their stores say, as both are gone after the test. */
export async function withEvidence<T>(processes: Processes, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof KeptError) throw cause;
    const folder = await keep(processes);
    const found = [(cause as Error).message, ...services.flatMap((service) => complaints(processes.output(service)))];
    throw new KeptError(`${found.join("\n")}\nlogs and stores as they were: ${folder}`, { cause });
  }
}

/** The last lines of a service that are no news of all being well: where the folder is out of reach they must do. */
function complaints(output: string): string[] {
  const isComplaint = (line: string) => line !== "" && line !== "--" && !line.includes('"level":"info"');
  return output.split("\n").filter(isComplaint).slice(-10);
}

async function keep({ storeUrls, output }: Processes): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "orderwright-evidence-"));
  for (const service of services) {
    writeFileSync(join(folder, `${service}.log`), output(service));
    writeFileSync(join(folder, `${service}.json`), await storeText(storeUrls[service]));
  }
  return folder;
}

async function storeText(url: string): Promise<string> {
  try {
    const { database, close } = await connect({ url }, "reader");
    const tables: Record<string, unknown> = {};
    for (const [name, query] of Object.entries(queries)) tables[name] = await database.all(query);
    close();
    return JSON.stringify(tables, undefined, 1);
  } catch (error) {
    return `cannot be read: ${String(error)}`;
  }
}
