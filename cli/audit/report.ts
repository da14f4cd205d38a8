import { counted } from "../counted.ts";
import type { Verdict } from "./audit.ts";
import type { Finding } from "./findings.ts";

/** Findings that a person reads; the rest is counted. */
const shownAtMost = 50;

/** A verdict for a person. */
export function reportOf(verdict: Verdict): string {
  const { orders, findings, findingCount } = verdict;
  const lines: string[] = [];
  if (findingCount === 0) {
    const one = "has exactly one end, agreed by all services";
    const all =
      verdict.inFlight.count === 0 ? `each of ${counted(orders, "order")} ${one}` : `each order that ended ${one}`;
    lines.push(`audit: CLEAN, ${all}`);
  } else {
    lines.push(`audit: BROKEN, ${counted(findingCount, "finding")} in ${counted(orders, "order")}`);
    lines.push(...findings.slice(0, shownAtMost).flatMap(findingLines));
    if (findingCount > shownAtMost) lines.push(`  ... and ${counted(findingCount - shownAtMost, "finding")} more`);
  }
  lines.push(`  orders    ${endsText(verdict)}`);
  lines.push(`  goods     of ${counted(verdict.products, "product")}${conserved(verdict, ["goods"])}`);
  lines.push(`  money     of ${counted(verdict.accounts, "account")}${conserved(verdict, ["ledger", "money"])}`);
  lines.push(...inFlightLines(verdict));
  return lines.join("\n");
}

function findingLines({ rule, orderId, what, says }: Finding): string[] {
  return [`  ${rule}: order ${orderId ?? "unknown"}: ${what}`, ...says.map((line) => `      ${line}`)];
}

function endsText({ ended }: Verdict): string {
  const parts = ["paid", "rejected", "cancelled"].map((end) => `${number(ended[end] ?? 0)} ${end}`);
  return parts.join(", ");
}

function conserved({ findings }: Verdict, rules: readonly Finding["rule"][]): string {
  return findings.some(({ rule }) => rules.includes(rule)) ? ": NOT conserved" : ": conserved";
}

function inFlightLines({ inFlight, unread }: Verdict): string[] {
  if (inFlight.count === 0) return [];
  const ids = inFlight.orderIds.slice(0, 3).join(", ");
  const more = inFlight.count > 3 ? ", ..." : "";
  const lines = [`  in flight ${counted(inFlight.count, "order")} not ended yet and not judged: ${ids}${more}`];
  for (const { service, instanceId, lastSeq, readSeq, isRunning } of unread) {
    const state = isRunning ? "" : ", which is not running";
    lines.push(
      `            not read by all: ${counted(lastSeq - readSeq, "message")} of ${service} (${instanceId}${state})`,
    );
  }
  return lines;
}

const number = (value: number) => value.toLocaleString("en-GB");
