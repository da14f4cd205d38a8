import process from "node:process";
import { parseArgs } from "node:util";
import { type StuckPage, stuckPage, type UndonePage, undonePage } from "#contracts/admin.ts";
import { type Service, services } from "#contracts/topics.ts";
import { accessHelp, accessOptions, readAccess } from "../admin/access.ts";
import { type AdminClient, AdminError, createAdminClient } from "#workers/operators/admin-client.ts";
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

/** A service that is frozen is what this command is for: it must not hold up the rest. */
const answerWithinMs = 5_000;

/** @throws UsageError */
export async function stuckCommand(args: readonly string[]): Promise<number> {
  const access = readAccess(parsed(args), process.env);
  let code = 0;
  const ask = async (service: Service, show: (client: AdminClient) => Promise<boolean>) => {
    try {
      if (await show(createAdminClient(access, AbortSignal.timeout(answerWithinMs)))) code = 1;
    } catch (error) {
      const isSlow = error instanceof Error && error.name === "TimeoutError";
      if (!isSlow && !(error instanceof AdminError)) throw error;
      const what = isSlow ? `${service} has not answered within ${answerWithinMs / 1_000} s` : (error as Error).message;
      console.error(`orderwright stuck: ${what}`);
      code = 1;
    }
  };
  await ask("intake", async (client) => {
    const page = await client.get("intake", "/stuck", stuckPage);
    console.log(stuckText(page, Date.now()));
    return page.total > 0 || page.lookedAtMs === null;
  });
  for (const service of services) {
    await ask(service, async (client) => {
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
