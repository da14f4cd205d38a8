// For tests only.
import assert from "node:assert/strict";
import type { Service } from "#contracts/topics.ts";
import { audit } from "../cli/audit/audit.ts";
import type { Finding } from "../cli/audit/findings.ts";
import { openAuditStores } from "../cli/audit/stores.ts";

/** What the shipped audit finds once all messages are read: it judges also what no test looks at, and leaves no order out. */
export async function auditFindings(urls: Readonly<Record<Service, string>>): Promise<readonly Finding[]> {
  const stores = openAuditStores(urls);
  try {
    const verdict = await audit(stores, { patienceMs: 20_000, signal: AbortSignal.timeout(60_000) });
    assert.equal(verdict.inFlight.count, 0);
    return verdict.findings;
  } finally {
    stores.close();
  }
}
