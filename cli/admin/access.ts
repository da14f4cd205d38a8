import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as z from "zod";
import { type Service, services } from "#contracts/topics.ts";
import type { AdminAccess } from "#workers/operators/admin-client.ts";
import { readSecretFiles } from "#workers/secret-files.ts";
import { defaultDataFolder } from "../data-folder.ts";
import { addressesOf } from "../start/addresses.ts";
import { UsageError } from "../usage-error.ts";

/** Options of every command that talks to the services, for `parseArgs`. */
export const accessOptions = {
  data: { type: "string" },
  url: { type: "string", multiple: true },
} as const;

export const accessHelp = `  --data DIR             the folder of a running "npm start", which keeps addresses and token there
                         (default: .orderwright in the project)
  --url SERVICE=URL      where a service is, instead; the token is then taken from ORDERWRIGHT_ADMIN_TOKEN, or
                         from the file that ORDERWRIGHT_ADMIN_TOKEN_FILE names`;

const tokenVariable = "ORDERWRIGHT_ADMIN_TOKEN";

interface AccessValues {
  readonly data?: string | undefined;
  readonly url?: readonly string[] | undefined;
}

/** Where intake is: as said, or else as a shop on this machine left word. */
export function intakeAddress(values: { data?: string | undefined; intake?: string | undefined }): string {
  const folder = resolve(values.data ?? defaultDataFolder);
  const url = values.intake ?? readAccessFile(folder)?.addresses.intake ?? addressesOf(8080).intake;
  if (!/^https?:\/\/[^/\s]+\/?$/.test(url)) throw new UsageError([`--intake ${url} is not http://HOST:PORT`]);
  return url.replace(/\/$/, "");
}

/**
 * Finds out how to reach the services: the token from the environment before the one of a shop on this machine, addresses
 * from the options before those.
 * @throws UsageError
 */
export function readAccess(values: AccessValues, environment: Readonly<Record<string, string | undefined>>) {
  const problems: string[] = [];
  const folder = resolve(values.data ?? defaultDataFolder);
  const local = readAccessFile(folder);
  const addresses: Record<Service, string> = { ...(local?.addresses ?? addressesOf(8080)) };
  for (const text of values.url ?? []) {
    const [, name = "", url = ""] = /^([^=]+)=(https?:\/\/.+?)\/?$/.exec(text) ?? [];
    const service = services.find((known) => known === name);
    if (service === undefined) problems.push(`--url ${text} is not SERVICE=URL; services are ${services.join(", ")}`);
    else addresses[service] = url;
  }
  const given = readSecretFiles(environment, { secrets: [tokenVariable] });
  problems.push(...given.problems);
  const token = given.environment[tokenVariable]?.trim() || local?.token;
  if (token === undefined) {
    problems.push(
      `there is no token: no shop runs with its data in ${folder}, and ${tokenVariable} is not set (to what the services have as ADMIN_TOKEN), nor ${tokenVariable}_FILE`,
    );
  }
  if (problems.length > 0 || token === undefined) throw new UsageError(problems);
  return { addresses, token } satisfies AdminAccess;
}

const address = z.url();
const accessFile = z.object({
  addresses: z.object({ intake: address, stock: address, order: address, payment: address }),
  token: z.string().min(1),
});

const pathIn = (folder: string) => join(folder, "admin.json");

/** Leaves word for the commands of this machine's user, and of nobody else. */
export function writeAccessFile(folder: string, access: AdminAccess): void {
  writeFileSync(pathIn(folder), `${JSON.stringify(access, undefined, 2)}\n`, { mode: 0o600 });
}

function readAccessFile(folder: string): AdminAccess | undefined {
  try {
    return accessFile.parse(JSON.parse(readFileSync(pathIn(folder), "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UsageError([`${pathIn(folder)} cannot be read: ${(error as Error).message}`]);
  }
}
