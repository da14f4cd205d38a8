import { eq } from "drizzle-orm";
import type { TopUpRequest } from "#contracts/http.ts";
import type { Database, Transaction } from "#db/connection.ts";
import { accounts, transfers } from "#db/payment/schema.ts";
import { insertRows, loadRows, saveRows } from "#db/row-sets.ts";
import { isFirst } from "../http/idempotent-requests.ts";
import { pointer, ruleBroken } from "../http/problem.ts";
import type { Account } from "./decide.ts";

/** The ledger account that money comes in from. Never change: it is in stored entries. */
export const deposits = "bank/deposits";

/**
 * Adds money to accounts, each a ledger entry; the first top-up of a customer opens the account. Five statements at most.
 * @throws ProblemError when an account is in another currency or would hold too much, or when the key was used for another
 * body
 */
export async function topUp(tx: Transaction, key: string, request: TopUpRequest, nowMs: number): Promise<void> {
  const { currency, topUps } = request;
  const pairs = topUps.map(({ customerId, amountMinor }) => [customerId, amountMinor]);
  if (!(await isFirst(tx, key, { currency, topUps: pairs }, nowMs))) return;
  const added = new Map<string, number>();
  for (const { customerId, amountMinor } of topUps) {
    added.set(customerId, (added.get(customerId) ?? 0) + amountMinor);
  }
  const known = new Map((await loadRows(tx, accounts, [...added.keys()])).map((row) => [row.customerId, row]));
  const errors = topUps.flatMap(({ customerId }, index) => {
    const wrong = topUpError(known.get(customerId), currency, added.get(customerId) ?? 0);
    if (wrong === undefined) return [];
    return [
      { pointer: pointer(wrong.path ?? ["topUps", index, "amountMinor"]), detail: `${customerId} ${wrong.detail}` },
    ];
  });
  if (errors.length > 0) throw ruleBroken(errors);
  const topped = [...added].map(([customerId, amountMinor]): Account => {
    const balanceMinor = (known.get(customerId)?.balanceMinor ?? 0) + amountMinor;
    return { customerId, currency, balanceMinor };
  });
  await saveRows(tx, accounts, topped);
  const booked = [...added].map(([customerId, amountMinor]) => {
    const transferId = `top-up/${key}/${customerId}`;
    const debitToCredit = { debit: deposits, credit: `customer/${customerId}` };
    return { transferId, orderId: null, ...debitToCredit, amountMinor, currency, atMs: nowMs };
  });
  await insertRows(tx, transfers, booked);
}

function topUpError(account: Account | undefined, currency: string, amountMinor: number) {
  if (account !== undefined && account.currency !== currency) {
    return { path: ["currency"], detail: `has an account in ${account.currency}` };
  }
  if (Number.isSafeInteger((account?.balanceMinor ?? 0) + amountMinor)) return undefined;
  return { path: undefined, detail: "would have more than can be counted exactly" };
}

export async function readAccount(database: Database, customerId: string): Promise<Account | undefined> {
  const [row] = await database.select().from(accounts).where(eq(accounts.customerId, customerId));
  return row;
}
