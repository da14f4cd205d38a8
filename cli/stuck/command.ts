import process from "node:process";
import { parseArgs } from "node:util";
import { type StuckPage, stuckPage, type UndonePage, undonePage } from "#contracts/admin.ts";
import { services } from "#contracts/topics.ts";
import { accessHelp, accessOptions, readAccess } from "../admin/access.ts";
import { AdminError, createAdminClient } from "../admin/admin-client.ts";
import { counted } from "../counted.ts";
import { UsageError } from "../usage-error.ts";

export const stuckHelp = `orderwright stuck [--data DIR] [--url SERVICE=URL ...]

Shows the orders that do not go on, each with the message and the service that it waits for, and the compensations that a
service could not do. An order is found by what services read, not by its age: one that waits in a queue which gets shorter
is not shown.

  unread       the service stands still with the message before it: is it running, is its store writable?
  dead-letter  the service has set the message aside: orderwright dlq
  unanswered   everything that was sent is read, and nothing came of it: does the service publish? see its log
  no-broker    intake cannot ask the broker

${accessHelp}

Exit code: 0 nothing is stuck, 1 something is, or a service did not answer, 2 the command line is not understood.`;

/** @throws UsageError */
export async function stuckCommand(args: readonly string[]): Promise<number> {
  const client = createAdminClient(readAccess(parsed(args), process.env), new AbortController().signal);
  let code = 0;
  const ask = async (show: () => Promise<boolean>) => {
    try {
      if (await show()) code = 1;
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      console.error(`orderwright stuck: ${error.message}`);
      code = 1;
    }
  };
  await ask(async () => {
    const page = await client.get("intake", "/stuck", stuckPage);
    console.log(stuckText(page, Date.now()));
    return page.total > 0 || page.lookedAtMs === null;
  });
  for (const service of services) {
    await ask(async () => {
      const page = await client.get(service, "/undone", undonePage);
      if (page.total > 0) console.log(undoneText(service, page));
      return page.total > 0;
    });
  }
  return code;
}

const shownAtMost = 50;

/** Exported for tests. */
export function stuckText({ lookedAtMs, total, orders }: StuckPage, nowMs: number): string {
  if (lookedAtMs === null) return "intake has just been started and has not looked yet: ask again";
  if (total === 0) return "no order is stuck";
  const counts = new Map<string, number>();
  for (const { message, service, why, reason } of orders) {
    const what = `${why} ${message} at ${service}${reason === undefined ? "" : ` (${reason})`}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  const lines = orders.slice(0, shownAtMost).map(({ orderId, status, message, service, why, sinceMs, reason }) => {
    const waits = `${message} at ${service}: ${why}${reason === undefined ? "" : ` (${reason})`}`;
    return `  ${orderId}  ${status.padEnd(8)}  ${String(Math.round((nowMs - sinceMs) / 1_000)).padStart(6)} s  ${waits}`;
  });
  if (total > shownAtMost) lines.push(`  ... and ${counted(total - shownAtMost, "order")} more`);
  const sums = [...counts].map(([what, count]) => `  ${String(count).padStart(6)}  ${what}`);
  return [`${counted(total, "order")} stuck:`, ...sums, "", ...lines].join("\n");
}

function undoneText(service: string, { total, undone }: UndonePage): string {
  const lines = undone.slice(0, shownAtMost).map(({ id, topic, key, reason, error, sinceMs }) => {
    const since = new Date(sinceMs).toISOString();
    return `  ${topic} of order ${key ?? "unknown"}, since ${since}: ${reason}: ${error.split("\n")[0]}\n    orderwright dlq show ${service}/${id}`;
  });
  return [`${counted(total, "compensation")} not done at ${service}; heal or replay:`, ...lines].join("\n");
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: accessOptions, strict: true }).values;
  } catch (error) {
    throw new UsageError([(error as Error).message]);
  }
}
