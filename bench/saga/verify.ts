import { Database } from "bun:sqlite";
import type { ExpectedOutcome } from "#data/shop.ts";
import { audit } from "../../cli/audit/audit.ts";
import { openAuditStores, type StoreUrls } from "../../cli/audit/stores.ts";
import type { LoadedOrder, PhaseReport } from "../load/phase.ts";

/** A run that must not give a figure. */
export class RunFailedError extends Error {
  override readonly name = "RunFailedError";
}

/** Every request was answered with 202, and every order seen to end. @throws RunFailedError */
export function requireAllEnded({ orders, refused, firstRefusal, unanswered }: PhaseReport): void {
  if (refused > 0) throw new RunFailedError(`${refused} orders were refused, the first with ${firstRefusal ?? ""}`);
  if (unanswered > 0) throw new RunFailedError(`${unanswered} requests were not answered`);
  const open = orders.filter(({ endedAtMs }) => endedAtMs === null);
  if (open.length > 0)
    throw new RunFailedError(`${open.length} orders did not end in time, such as ${open[0]?.orderId}`);
}

/** Intake shows each of these orders with the end that it must have. @throws RunFailedError */
export function requireExpectedEnds(
  intakeStore: string,
  orders: readonly LoadedOrder[],
  expected: readonly ExpectedOutcome[],
): void {
  const database = new Database(intakeStore, { readonly: true });
  try {
    const rows = database
      .query<{ id: string; status: string; reason: string | null }, [string]>(
        `SELECT order_id AS id, status, reason FROM json_each(?1) AS ids CROSS JOIN orders ON order_id = ids.value`,
      )
      .all(JSON.stringify(orders.map(({ orderId }) => orderId)));
    const found = new Map(rows.map((row) => [row.id, row]));
    if (found.size !== orders.length) {
      throw new RunFailedError(`${orders.length} orders were accepted and intake has ${found.size} of them`);
    }
    for (const { orderId, body } of orders) {
      const end = expected[body];
      const row = found.get(orderId);
      const reason = end !== undefined && "reason" in end ? end.reason : null;
      if (end !== undefined && row?.status === end.status && row.reason === reason) continue;
      const is = `${row?.status} (${row?.reason ?? "no reason"})`;
      throw new RunFailedError(`order ${orderId} is ${is}, and had to be ${end?.status} (${reason ?? "no reason"})`);
    }
  } finally {
    database.close();
  }
}

const auditWithinMs = 180_000;
const patienceMs = 15_000;

/** The audit proves the end of each of so many orders. @throws RunFailedError */
export async function requireCleanAudit(urls: StoreUrls, orders: number): Promise<void> {
  const stores = openAuditStores(urls);
  try {
    const timeout = AbortSignal.timeout(auditWithinMs);
    const verdict = await audit(stores, { patienceMs, signal: timeout }).catch((error: unknown) => {
      throw timeout.aborted ? new RunFailedError(`the audit did not end within ${auditWithinMs / 1_000} s`) : error;
    });
    const { findingCount, findings, inFlight } = verdict;
    const [first] = findings;
    if (first) throw new RunFailedError(`the audit has ${findingCount} findings: ${first.orderId}: ${first.what}`);
    if (inFlight.count > 0) throw new RunFailedError(`the audit found ${inFlight.count} orders without an end`);
    if (verdict.orders !== orders) throw new RunFailedError(`the audit found ${verdict.orders} orders, not ${orders}`);
  } finally {
    stores.close();
  }
}
