import process from "node:process";
import { parseArgs } from "node:util";
import { trailPage } from "#contracts/admin.ts";
import { services } from "#contracts/topics.ts";
import { accessHelp, accessOptions, readAccess } from "../admin/access.ts";
import { AdminError, createAdminClient } from "#workers/operators/admin-client.ts";
import { askedServices, parsed } from "../admin/asked-services.ts";

export const trailHelp = `orderwright trail [SERVICE ...] [--data DIR] [--url SERVICE=URL ...]

Shows what operators did to the services (default: all of ${services.join(", ")}): when, who, what, to what, why, and what it
came to. The newest first.

${accessHelp}

Exit code: 0 shown, 1 a service did not answer, 2 the command line is not understood.`;

/** @throws UsageError */
export async function trailCommand(args: readonly string[]): Promise<number> {
  const { asked, access } = parseOptions(args);
  const client = createAdminClient(access, new AbortController().signal);
  let code = 0;
  for (const service of asked) {
    try {
      const { entries } = await client.get(service, "/trail", trailPage);
      if (entries.length === 0) console.log(`${service}: nothing was done`);
      for (const { atMs, operator, action, subject, why, effect } of entries) {
        console.log(
          `${new Date(atMs).toISOString()}  ${service}  ${operator}: ${action} ${subject} (${why}) -> ${effect}`,
        );
      }
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      console.error(`orderwright trail: ${error.message}`);
      code = 1;
    }
  }
  return code;
}

function parseOptions(args: readonly string[]) {
  const { values, positionals } = parsed(() =>
    parseArgs({ args: [...args], options: accessOptions, strict: true, allowPositionals: true }),
  );
  return { asked: askedServices(positionals, services), access: readAccess(values, process.env) };
}
