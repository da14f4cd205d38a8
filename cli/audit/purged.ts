import { sql } from "drizzle-orm";
import { services } from "#contracts/topics.ts";
import type { Snapshots } from "./stores.ts";

/** The highest id of an order that a service has purged; empty: none has purged any. */
export async function readPurgedUpToId(snapshots: Snapshots): Promise<string> {
  let highest = "";
  for (const service of services) {
    const [found] = await snapshots[service].all<{ id: string }>(sql`SELECT last_order_id AS id FROM purged`);
    if (found !== undefined && found.id > highest) highest = found.id;
  }
  return highest;
}
