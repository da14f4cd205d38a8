import { createHash } from "node:crypto";
import { services } from "#contracts/topics.ts";
import { findDeadLetters } from "./dead-letters.ts";
import { readPurgedUpToId } from "./purged.ts";
import { createFindings, type Finding, type Findings } from "./findings.ts";
import { createShelf } from "./goods.ts";
import { judgeOrder } from "./judge-order.ts";
import { judgeLedger } from "./ledger.ts";
import { someOrders, wholeOrders } from "./order-pages.ts";
import type { WholeOrder } from "./order-rows.ts";
import type { AuditStores, Snapshots } from "./stores.ts";
import { type Mark, ordersUnderWay, readMarks, untilRead } from "./watermarks.ts";

export interface Verdict {
  /** That any store knows of. */
  readonly orders: number;
  /** With an end that all services agree on and nothing else wrong, by that end. */
  readonly ended: Readonly<Record<string, number>>;
  readonly findingCount: number;
  /** The first of them. */
  readonly findings: readonly Finding[];
  /** Messages about them are on their way; the first of their ids. */
  readonly inFlight: { readonly count: number; readonly orderIds: readonly string[] };
  /** Outboxes whose rows are not read by all, where that kept the audit from judging what is in flight. */
  readonly unread: readonly Mark[];
  readonly products: number;
  readonly accounts: number;
}

export interface AuditOptions {
  /** How long readers may stand still before what is in flight is left at that. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

const findingsKept = 1_000;
/** Far more than intake lets be in flight; beyond, the stores are so broken that the first ones say enough. */
const suspectsAtMost = 50_000;
/** An order that moves on between two looks is looked at again, but not for ever. */
const looksAtMost = 20;

/**
 * Proves that every order has exactly one end that all services agree on, with goods and money conserved, or finds what
 * breaks that. May run while orders do: rules within one store are judged on one moment of it. What contradicts across
 * stores is only suspected, since their moments differ and messages are on their way. A suspect is read again when all
 * messages that were out at the first look have been read: if its rows are still the same, then no message about it can be
 * left (each is published with a change of a row), and it is wrong. If they changed, it is looked at once more. Where readers
 * stand still, those suspects are judged all the same about which no unread message is in an outbox.
 */
export async function audit(stores: AuditStores, { patienceMs, signal }: AuditOptions): Promise<Verdict> {
  const first = await stores.snapshots(signal, (snapshots) => readAll(snapshots, signal));
  const { findings, ended } = first;
  let { suspects, marks } = first;
  let unread: readonly Mark[] = [];
  for (let look = 0; look < looksAtMost && suspects.size > 0 && unread.length === 0; look += 1) {
    const read = await untilRead(stores, marks, patienceMs, signal);
    const again = await stores.snapshots(signal, (snapshots) => readAgain(snapshots, suspects, read.marks, signal));
    for (const finding of again.wrong) findings.add(finding);
    for (const end of again.ended) count(ended, end);
    ({ suspects, marks } = again);
    ({ unread } = read);
  }
  return {
    orders: first.orders,
    ended,
    findingCount: findings.count(),
    findings: findings.kept(),
    inFlight: { count: suspects.size, orderIds: [...suspects.keys()].slice(0, 10) },
    unread,
    products: first.products,
    accounts: first.accounts,
  };
}

/** Orders that do not agree across stores, with a hash of the rows that said so. */
type Suspects = Map<string, string>;

interface FirstLook {
  readonly orders: number;
  readonly ended: Record<string, number>;
  readonly findings: Findings;
  readonly suspects: Suspects;
  readonly marks: readonly Mark[];
  readonly products: number;
  readonly accounts: number;
}

async function readAll(snapshots: Snapshots, signal: AbortSignal): Promise<FirstLook> {
  const findings = createFindings(findingsKept);
  const suspects: Suspects = new Map();
  const ended = {};
  const shelf = createShelf();
  const purgedUpToId = await readPurgedUpToId(snapshots);
  const marks = await readMarks(snapshots);
  for (const service of services) await findDeadLetters(service, snapshots[service], findings);
  let orders = 0;
  for await (const page of wholeOrders(snapshots, signal)) {
    orders += page.length;
    for (const order of page) {
      if (order.stock) shelf.take(order.stock);
      if (judgeOrder(order, purgedUpToId).length === 0) count(ended, endOf(order));
      else if (suspects.size < suspectsAtMost) suspects.set(order.orderId, fingerprint(order));
    }
  }
  const { products } = await shelf.judge(snapshots.stock, findings);
  const { accounts } = await judgeLedger(snapshots.payment, findings);
  return { orders, ended, findings, suspects, marks, products, accounts };
}

/** @param read how far messages were read before these snapshots */
async function readAgain(snapshots: Snapshots, before: Suspects, read: readonly Mark[], signal: AbortSignal) {
  const marks = await readMarks(snapshots);
  const suspects: Suspects = new Map();
  const wrong: Finding[] = [];
  const ended: string[] = [];
  const purgedUpToId = await readPurgedUpToId(snapshots);
  for await (const page of someOrders(snapshots, [...before.keys()], signal)) {
    const underWay = await ordersUnderWay(
      snapshots,
      read,
      page.map(({ orderId }) => orderId),
    );
    for (const order of page) {
      const found = judgeOrder(order, purgedUpToId);
      const rows = fingerprint(order);
      if (found.length === 0) ended.push(endOf(order));
      else if (rows === before.get(order.orderId) && !underWay.has(order.orderId)) wrong.push(...found);
      else suspects.set(order.orderId, rows);
    }
  }
  return { marks, suspects, wrong, ended };
}

/** Intake may have let it go. */
const endOf = (order: WholeOrder) => order.intake?.status ?? "purged";

/** Of all rows; a hash, since thousands of orders may be in flight. */
function fingerprint(order: WholeOrder): string {
  return createHash("sha1").update(JSON.stringify(order)).digest("base64");
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
