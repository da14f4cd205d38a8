import { sql } from "drizzle-orm";
import type { Service } from "#contracts/topics.ts";
import type { Transaction } from "#db/connection.ts";
import type { Findings } from "./findings.ts";

interface Dead {
  readonly key: string | null;
  readonly place: string;
  readonly groupId: string;
  readonly reason: string;
  readonly error: string;
}

const rowsAtMost = 1_000;

/** Names the messages that no handler could take and that nobody has healed, replayed or discarded. */
export async function findDeadLetters(service: Service, tx: Transaction, findings: Findings): Promise<void> {
  const dead = await tx.all<Dead>(sql`
    SELECT CAST(key AS TEXT) AS key, topic || '/' || partition || ' at ' || offset AS place, group_id AS groupId, reason, error
    FROM dead_letters WHERE state = 'dead' ORDER BY id LIMIT ${rowsAtMost}`);
  for (const { key, place, groupId, reason, error } of dead) {
    const isOrder = key !== null && /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(key);
    findings.add({
      rule: "dead-letter",
      orderId: isOrder ? key : null,
      what: `${groupId} could not take ${place} (${reason})`,
      says: [`${service.padEnd(8)} ${error.split("\n")[0]?.slice(0, 200) ?? ""}`],
    });
  }
}
