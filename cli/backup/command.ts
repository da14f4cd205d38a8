import process from "node:process";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { services } from "#contracts/topics.ts";
import { accessHelp, accessOptions, readAccess } from "../admin/access.ts";
import { AdminError } from "#workers/operators/admin-client.ts";
import { askedServices, parsed } from "../admin/asked-services.ts";
import { UsageError } from "../usage-error.ts";
import { backUp } from "./back-up.ts";

export const backupHelp = `orderwright backup [SERVICE ...] --to DIR [--data DIR] [--url SERVICE=URL ...]

Takes a copy of the store of each service (default: all of ${services.join(", ")}) while it works: the store as it was
at one moment, checked by SQLite's integrity check before it gets its name, DIR/SERVICE-TIME.db. Copies of two services are of
two moments; that is in order, since a service that is restored from its copy learns the rest from the topics.

To restore one: stop all instances of the service, put the copy where its store was (without the -wal and -shm files that
may lie there), start the service, and do what it says: orderwright recover SERVICE.

  --to DIR               the folder for the copies; it is made where it is missing
${accessHelp}

Exit code: 0 all were copied, 1 one was not, 2 the command line is not understood.`;

/** @throws UsageError */
export async function backupCommand(args: readonly string[]): Promise<number> {
  const options = { ...accessOptions, to: { type: "string" } } as const;
  const { values, positionals } = parsed(() =>
    parseArgs({ args: [...args], options, strict: true, allowPositionals: true }),
  );
  if (values.to === undefined) throw new UsageError(["--to DIR is missing: where the copies go"]);
  const folder = resolve(values.to);
  const asked = askedServices(positionals, services);
  const access = readAccess(values, process.env);
  const stopping = new AbortController();
  process.once("SIGINT", () => stopping.abort(new Error("stopped")));
  let code = 0;
  for (const service of asked) {
    try {
      const { path, storeId, atMs, bytes, durationMs } = await backUp(service, access, folder, stopping.signal);
      const size = `${(bytes / 1_000_000).toFixed(1)} MB in ${(durationMs / 1_000).toFixed(1)} s`;
      console.log(`${service.padEnd(8)} ${path}`);
      console.log(`         store ${storeId}, as of ${new Date(atMs).toISOString()}, ${size}, integrity check: ok`);
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      console.error(`orderwright backup: ${error.message}`);
      code = 1;
    }
  }
  return code;
}
