import { sql } from "drizzle-orm";
import type { Transaction } from "#db/connection.ts";
import type { Findings } from "./findings.ts";

/** Findings of one kind that are asked of the store; all are counted in the text of the last. */
const rowsAtMost = 1_000;

/**
 * Holds the ledger to payment's rows, order by order, and the balances to the ledger, account by account. All in one store,
 * written in one transaction: so what it finds in one snapshot is wrong, whatever is under way.
 */
export async function judgeLedger(tx: Transaction, findings: Findings): Promise<{ readonly accounts: number }> {
  await judgeOrders(tx, findings);
  await judgeStrays(tx, findings);
  await judgeAccounts(tx, findings);
  const [found] = await tx.all<{ accounts: number }>(sql`SELECT count(*) AS accounts FROM accounts`);
  return { accounts: found?.accounts ?? 0 };
}

interface BookedOrder {
  readonly orderId: string;
  readonly status: string;
  readonly amountMinor: number | null;
  readonly customerId: string | null;
  readonly charge: string | null;
  readonly refund: string | null;
}

const entry = (alias: "c" | "r") => {
  const column = (name: string) => sql.raw(`${alias}.${name}`);
  return sql`${column("amount_minor")} || ' ' || ${column("currency")} || ' from ' || ${column("debit")} || ' to ' || ${column("credit")}`;
};

/** Each charge and each refund exactly once, with the order's amount, between its customer and the shop. */
async function judgeOrders(tx: Transaction, findings: Findings): Promise<void> {
  const customer = sql`'customer/' || p.customer_id`;
  const charged = sql`coalesce(c.order_id = p.order_id AND c.debit = ${customer} AND c.credit = 'shop/takings'
    AND c.amount_minor = p.amount_minor AND c.currency = p.currency, 0)`;
  const refunded = sql`coalesce(r.order_id = p.order_id AND r.debit = 'shop/takings' AND r.credit = ${customer}
    AND r.amount_minor = p.amount_minor AND r.currency = p.currency, 0)`;
  const broken = await tx.all<BookedOrder>(sql`
    SELECT p.order_id AS orderId, p.status, p.amount_minor AS amountMinor, p.customer_id AS customerId,
      ${entry("c")} AS charge, ${entry("r")} AS refund
    FROM payments p
    LEFT JOIN transfers c ON c.transfer_id = 'charge/' || p.order_id
    LEFT JOIN transfers r ON r.transfer_id = 'refund/' || p.order_id
    WHERE NOT CASE p.status
      WHEN 'charged' THEN ${charged} AND r.transfer_id IS NULL
      WHEN 'refunded' THEN ${charged} AND ${refunded}
      ELSE c.transfer_id IS NULL AND r.transfer_id IS NULL END
    LIMIT ${rowsAtMost}`);
  for (const { orderId, status, amountMinor, customerId, charge, refund } of broken) {
    const says = [
      `payment  ${status}, ${amountMinor ?? "no amount"} of customer ${customerId ?? "unknown"}`,
      `ledger   charge: ${charge ?? "none"}; refund: ${refund ?? "none"}`,
    ];
    findings.add({ rule: "ledger", orderId, what: `payment says ${status}, and the ledger does not`, says });
  }
}

/** Transfers that no order's row accounts for: a second charge under another id, say. */
async function judgeStrays(tx: Transaction, findings: Findings): Promise<void> {
  const strays = await tx.all<{ transferId: string; orderId: string | null; status: string | null; entry: string }>(sql`
    SELECT c.transfer_id AS transferId, c.order_id AS orderId, p.status, ${entry("c")} AS entry
    FROM transfers c LEFT JOIN payments p ON p.order_id = c.order_id
    WHERE (c.order_id IS NOT NULL
        AND (p.order_id IS NULL AND c.order_id > coalesce((SELECT last_order_id FROM purged), '')
          OR c.transfer_id NOT IN ('charge/' || c.order_id, 'refund/' || c.order_id)))
      OR (c.order_id IS NULL
        AND (c.transfer_id GLOB 'charge/*' OR c.transfer_id GLOB 'refund/*' OR c.credit NOT GLOB 'customer/*'))
    LIMIT ${rowsAtMost}`);
  for (const { transferId, orderId, status, entry: text } of strays) {
    findings.add({
      rule: "ledger",
      orderId,
      what: `transfer ${transferId} is one too many`,
      says: [`payment  ${status ?? "knows nothing of it"}`, `ledger   ${transferId}: ${text}`],
    });
  }
}

interface BrokenAccount {
  readonly account: string;
  readonly balanceMinor: number | null;
  readonly bookedMinor: number;
  readonly orderId: string | null;
}

/** Each balance is the sum of the account's transfers; the shop's own accounts have none to compare with. */
async function judgeAccounts(tx: Transaction, findings: Findings): Promise<void> {
  const broken = await tx.all<BrokenAccount>(sql`
    WITH sides AS (
      SELECT credit AS account, amount_minor AS amount FROM transfers
      UNION ALL SELECT debit, -amount_minor FROM transfers
    ), booked AS MATERIALIZED (
      SELECT account, sum(amount) AS amount FROM sides WHERE account GLOB 'customer/*' GROUP BY account
    ), kept AS MATERIALIZED (
      SELECT 'customer/' || customer_id AS account, balance_minor AS balance FROM accounts
    ), broken AS (
      SELECT kept.account, balance, coalesce(amount, 0) AS amount FROM kept LEFT JOIN booked USING (account)
      WHERE balance <> coalesce(amount, 0)
      UNION ALL
      SELECT account, NULL, amount FROM booked WHERE account NOT IN (SELECT account FROM kept)
    )
    SELECT account, balance AS balanceMinor, amount AS bookedMinor, (
      SELECT order_id FROM transfers WHERE order_id IS NOT NULL AND (debit = account OR credit = account)
      ORDER BY at_ms DESC, transfer_id DESC LIMIT 1) AS orderId
    FROM broken LIMIT ${rowsAtMost}`);
  for (const { account, balanceMinor, bookedMinor, orderId } of broken) {
    const blamed = orderId === null ? "" : "; this order booked there last";
    findings.add({
      rule: "money",
      orderId,
      what: `the balance of ${account} is not the sum of its transfers${blamed}`,
      says: [`account  ${balanceMinor === null ? "there is none" : balanceMinor}`, `ledger   ${bookedMinor}`],
    });
  }
}
