import { parseArgs } from "node:util";
import { deadLetterFilter } from "#contracts/dead-letters.ts";
import { type Service, services } from "#contracts/topics.ts";
import type { AdminAccess } from "#workers/operators/admin-client.ts";
import { accessOptions, readAccess } from "../admin/access.ts";
import { parseDuration } from "../durations.ts";
import { UsageError } from "../usage-error.ts";
import { type Action, type DiscardAs, discardedAs } from "#workers/operators/close-letter.ts";
import { type Filter, type LetterName, parseName } from "./letters.ts";

export const groupings = ["service", "topic", "reason", "age", "state"] as const;
export type Grouping = (typeof groupings)[number];

/** What is asked for. */
export interface DlqOptions {
  readonly verb: "list" | "groups" | "show" | Action;
  readonly access: AdminAccess;
  readonly services: readonly Service[];
  readonly filter: Filter;
  readonly names: readonly LetterName[];
  readonly by: readonly Grouping[];
  readonly limit: number;
  readonly json: boolean;
  readonly operator: string;
  /** Undefined: only a dry run. */
  readonly why: string | undefined;
  readonly does: boolean;
  /** As Order.discardAs. */
  readonly discardAs: DiscardAs | undefined;
}

const verbs: readonly DlqOptions["verb"][] = ["list", "groups", "show", "heal", "replay", "discard"];
const filterOptions = ["service", "topic", "reason", "order", "older", "newer"] as const;

const options = {
  ...accessOptions,
  service: { type: "string", multiple: true },
  topic: { type: "string" },
  reason: { type: "string" },
  order: { type: "string" },
  state: { type: "string" },
  older: { type: "string" },
  newer: { type: "string" },
  all: { type: "boolean" },
  by: { type: "string" },
  limit: { type: "string" },
  json: { type: "boolean" },
  why: { type: "string" },
  operator: { type: "string" },
  yes: { type: "boolean" },
  as: { type: "string" },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];

/** @throws UsageError with all problems */
export function readOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  nowMs: number,
): DlqOptions {
  const { values, positionals } = split(args);
  const [given = "groups", ...texts] = positionals;
  const problems: string[] = [];
  const verb = verbs.find((known) => known === given);
  if (verb === undefined) throw new UsageError([`"${given}" is none of ${verbs.join(", ")}`]);
  const names = texts.flatMap((text) => {
    const name = parseName(text);
    if (name === undefined)
      problems.push(`"${text}" names no letter: they are named as "list" shows them, such as stock/12`);
    return name ?? [];
  });
  const asked = (values.service ?? []).filter((name) => !isService(name));
  if (asked.length > 0) problems.push(`--service ${asked.join(", ")}: services are ${services.join(", ")}`);
  const read: DlqOptions = {
    verb,
    access: gather(problems, () => readAccess(values, environment)) ?? { addresses: {} as never, token: "" },
    services: (values.service ?? services).filter(isService),
    filter: readFilter(verb, values, nowMs, problems),
    names,
    by: readGroupings(values.by, problems),
    limit: readLimit(values.limit, problems),
    json: values.json ?? false,
    operator: values.operator ?? environment["USER"] ?? environment["LOGNAME"] ?? "",
    why: values.why?.trim() || undefined,
    does: values.yes ?? false,
    discardAs: discardedAs.find((known) => known === values.as),
  };
  checkVerb(read, values, problems);
  if (problems.length > 0) throw new UsageError(problems);
  return read;
}

const isService = (name: string): name is Service => services.some((service) => service === name);

function split(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError([(error as Error).message]);
  }
}

function gather<T>(problems: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

function checkVerb(
  { verb, names, operator, why, does, discardAs }: DlqOptions,
  values: Values,
  problems: string[],
): void {
  if (values.as !== undefined && verb !== "discard") problems.push(`--as has no use for "${verb}"`);
  if (values.as !== undefined && discardAs === undefined)
    problems.push(`--as ${values.as} is none of ${discardedAs.join(", ")}`);
  const isFiltered = filterOptions.some((name) => values[name] !== undefined) || values.all === true;
  if (verb === "list" || verb === "groups") {
    if (names.length > 0) problems.push(`"${verb}" takes no names of letters: "show" shows one`);
    return;
  }
  if (names.length > 0 && isFiltered) problems.push("name letters or say which by options, not both");
  if (verb === "show") {
    if (names.length !== 1) problems.push('"show" takes the name of one letter, such as stock/12');
    return;
  }
  if (names.length === 0 && !isFiltered) problems.push(`say which to ${verb}: names, --topic and the like, or --all`);
  if (!does) return;
  if (why === undefined) problems.push("--yes needs --why TEXT: the trail keeps why it was done");
  if (operator.trim() === "") problems.push("--yes needs --operator NAME: the trail keeps who did it");
}

function readFilter(verb: DlqOptions["verb"], values: Values, nowMs: number, problems: string[]): Filter {
  // What is closed is nothing to act on; a list without a state shows what is to be done.
  const state = verb === "list" || verb === "groups" ? (values.state ?? "dead") : "dead";
  if (values.state !== undefined && state !== values.state) problems.push(`--state has no use for "${verb}"`);
  const agoMs = (name: "older" | "newer") => {
    const text = values[name];
    const ms = text === undefined ? undefined : parseDuration(text);
    if (text !== undefined && ms === undefined)
      problems.push(`--${name} ${text} is no duration such as 90s, 15m, 2h or 7d`);
    return ms === undefined ? undefined : String(nowMs - ms);
  };
  const parts = {
    state: state === "any" ? undefined : state,
    topic: values.topic,
    reason: values.reason,
    key: values.order,
    beforeMs: agoMs("older"),
    sinceMs: agoMs("newer"),
  };
  const filter = Object.fromEntries(
    Object.entries(parts).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const checked = deadLetterFilter.safeParse(filter);
  if (!checked.success)
    problems.push(
      ...checked.error.issues.map(
        ({ path, message }) => `--${path[0] === "key" ? "order" : path.join(".")}: ${message}`,
      ),
    );
  return filter;
}

function readGroupings(text: string | undefined, problems: string[]): Grouping[] {
  const names = (text ?? "service,topic,reason").split(",");
  const known = groupings.filter((name) => names.includes(name));
  if (known.length !== names.length) problems.push(`--by ${text}: give some of ${groupings.join(",")}`);
  return known;
}

const defaultLimit = 1_000;

function readLimit(text: string | undefined, problems: string[]): number {
  const limit = text === undefined ? defaultLimit : Number(text);
  if (Number.isSafeInteger(limit) && limit >= 1) return limit;
  problems.push(`--limit ${text} is not a whole number from 1`);
  return defaultLimit;
}
