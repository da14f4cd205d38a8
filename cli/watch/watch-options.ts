import process from "node:process";
import { parseArgs } from "node:util";
import { intakeAddress } from "../admin/access.ts";
import { UsageError } from "../usage-error.ts";

export interface WatchOptions {
  readonly intake: string;
  /** Of each request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Does not end by itself, or not before the order does. */
  readonly follows: boolean;
  readonly positionals: readonly string[];
}

export const watchHelp = `  --intake URL           where intake is (default: the shop of "npm start", or http://127.0.0.1:8080)
  --data DIR             the folder of that shop (default: .orderwright in the project)

Where intake has HTTP_TOKEN, it is taken from there.`;

const options = {
  intake: { type: "string" },
  data: { type: "string" },
  follow: { type: "boolean" },
  once: { type: "boolean" },
} as const;

/** @throws UsageError */
export function parseWatchOptions(args: readonly string[]): WatchOptions & { readonly once: boolean } {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError([(error as Error).message]);
  }
  const { values, positionals } = parsed;
  const token = process.env["HTTP_TOKEN"]?.trim();
  return {
    intake: intakeAddress(values),
    headers: token ? { authorization: `Bearer ${token}` } : {},
    follows: values.follow === true,
    once: values.once === true,
    positionals,
  };
}

/** Ends a command that only looks. */
export function untilInterrupted(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stopping.abort());
  return stopping.signal;
}
