import process from "node:process";
import { userInfo } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { recoveryState, type RecoveryState, unreadPublished } from "#contracts/recovery.ts";
import { type Service, services, topics } from "#contracts/topics.ts";
import { accessHelp, accessOptions, readAccess } from "../admin/access.ts";
import { type AdminClient, AdminError, createAdminClient } from "#workers/operators/admin-client.ts";
import { askedServices, parsed } from "../admin/asked-services.ts";
import { UsageError } from "../usage-error.ts";
import { reportLines } from "./report.ts";

export const recoverHelp = `orderwright recover SERVICE [--yes] [--why TEXT] [--operator NAME] [--data DIR] [--url SERVICE=URL ...]

What goes on from a disaster: a store that was lost or is an old copy, a store of another instance, a topic made anew, unread
messages that retention deleted, offsets that somebody moved. A service that sees one refuses to consume and says so, in its
log and in /ready. This says which it is, and what would be done:

- messages that are gone: their writers publish again what not all have read;
- the service learns what it had published from its own topics, so that it decides nothing again in another way;
- then it reads its topics from their beginning. What it knows already changes nothing.

Without --yes that is tried on a copy of the store, and only told. All other instances of the service must be stopped. After
a store was restored or lost, enter first what had come in over HTTP since the copy and is in no topic: prices, restocks,
top-ups. With their old Idempotency-Keys it is harmless to send all of them again.

  --yes                  do it
  --why TEXT             kept in the service's trail
  --operator NAME        who does it (default: the user of this machine)
${accessHelp}

Exit code: 0 done, or nothing to do; 1 it could not be done; 2 the command line is not understood.`;

interface Signed {
  readonly operator: string;
  readonly why: string;
  readonly dryRun: boolean;
}

/** @throws UsageError */
export async function recoverCommand(args: readonly string[]): Promise<number> {
  const options = {
    ...accessOptions,
    yes: { type: "boolean" },
    why: { type: "string" },
    operator: { type: "string" },
  } as const;
  const { values, positionals } = parsed(() =>
    parseArgs({ args: [...args], options, strict: true, allowPositionals: true }),
  );
  const [service, ...more] = askedServices(positionals, []);
  if (service === undefined || more.length > 0) throw new UsageError([`name one of ${services.join(", ")}`]);
  const stopping = new AbortController();
  process.once("SIGINT", () => stopping.abort(new Error("stopped")));
  const { signal } = stopping;
  const client = createAdminClient(readAccess(values, process.env), signal);
  const operator = values.operator ?? userInfo().username;
  const signed = { operator, why: values.why ?? "a disaster", dryRun: values.yes !== true };
  try {
    return await recover(client, service, signed, signal);
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    console.error(`orderwright recover: ${error.message}`);
    return 1;
  }
}

async function recover(client: AdminClient, service: Service, signed: Signed, signal: AbortSignal): Promise<number> {
  const { refusal } = await client.get(service, "/recovery", recoveryState);
  if (refusal === null) {
    console.log(`${service} consumes: there is nothing to recover from.`);
    return 0;
  }
  console.log(`${refusal.message}\n`);
  if (refusal.disaster === "topic-new" || refusal.disaster === "unread-messages-gone") {
    // First: once the group is past them, they count as read.
    for (const writer of writersFor(service)) await publishUnread(client, writer, signed);
  }
  let state = await client.post(service, "/recovery", signed, recoveryState);
  while (state.job?.state === "running") {
    await delay(lookEveryMs, undefined, { signal });
    state = await client.get(service, "/recovery", recoveryState);
  }
  return tell(service, state, signed);
}

const lookEveryMs = 200;

/** Who writes what the service reads. */
function writersFor(service: Service): Service[] {
  const group = `orderwright.${service === "intake" ? "view" : service}`;
  const read = Object.values(topics).filter(({ readers }) => readers.includes(group));
  return services.filter((writer) => read.some(({ writers }) => writers.includes(writer)));
}

async function publishUnread(client: AdminClient, writer: Service, signed: Signed): Promise<void> {
  const { messages } = await client.post(writer, "/unread/publish-again", signed, unreadPublished);
  console.log(
    `${writer} ${signed.dryRun ? "would publish" : "publishes"} again ${messages} messages that not all have read.`,
  );
}

function tell(service: Service, { job }: RecoveryState, { dryRun }: Signed): number {
  if (job === null || job.report === null) {
    console.error(`orderwright recover: ${service}: ${job?.error ?? "the service was started anew meanwhile"}`);
    return 1;
  }
  for (const line of reportLines(service, job.report, dryRun)) console.log(line);
  return 0;
}
