import { hash } from "node:crypto";
import { sql } from "drizzle-orm";
import { idempotencyKey } from "#contracts/fields.ts";
import type { Transaction } from "#db/connection.ts";
import { invalidRequest, keyReused } from "./problem.ts";

/**
 * The key that a request gave, undefined without one.
 * @throws ProblemError when it is none
 */
export function keyOf(request: Request): string | undefined {
  const header = request.headers.get("idempotency-key");
  if (header === null) return undefined;
  const parsed = idempotencyKey.safeParse(header);
  if (parsed.success) return parsed.data;
  throw invalidRequest(`Idempotency-Key ${parsed.error.issues[0]?.message ?? "is not valid"}`);
}

/** As `keyOf`, where a request without a key could be carried out twice by a client that tries again. */
export function requiredKeyOf(request: Request): string {
  const key = keyOf(request);
  if (key === undefined) throw invalidRequest("The header Idempotency-Key is required");
  return key;
}

/** Of a body in canonical form: equal texts are equal requests. */
export function hashOf(canonical: string): string {
  return hash("sha256", canonical, "base64url");
}

/**
 * Says whether this is the first request with its key in this service; then its effects belong into the same transaction.
 * `body` is canonical: it names what is asked for, its fields in one order.
 * @throws ProblemError when the key was used for another body
 */
export async function isFirst(tx: Transaction, key: string, body: unknown, nowMs: number): Promise<boolean> {
  const bodyHash = hashOf(JSON.stringify(body));
  const inserted = await tx.run(sql`
    INSERT INTO requests (idempotency_key, body_hash, at_ms) VALUES (${key}, ${bodyHash}, ${nowMs})
    ON CONFLICT DO NOTHING`);
  if (inserted.rowsAffected === 1) return true;
  const [known] = await tx.all<{ bodyHash: string }>(sql`
    SELECT body_hash AS bodyHash FROM requests WHERE idempotency_key = ${key}`);
  if (known?.bodyHash !== bodyHash) throw keyReused();
  return false;
}
