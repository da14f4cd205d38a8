import process from "node:process";
import type { Service } from "#contracts/topics.ts";
import { type AdminClient, AdminError, createAdminClient } from "#workers/operators/admin-client.ts";
import { counted } from "../counted.ts";
import { tableWidth } from "../table.ts";
import type { Letter } from "#contracts/letters-of-services.ts";
import { closeLetter } from "#workers/operators/close-letter.ts";
import { nameOf, readDetail, readGroups, readLetters } from "./letters.ts";
import { type DlqOptions, readOptions } from "./options.ts";
import { closedTable, detailText, groupsTable, listTable, type Outcome, sumGroups } from "./print.ts";

/** Where the command writes, and how wide a table may be. */
export interface Output {
  readonly write: (text: string) => void;
  readonly complain: (text: string) => void;
  readonly width: number;
}

const terminal = (): Output => ({
  write: (text) => console.log(text),
  complain: (text) => console.error(`orderwright dlq: ${text}`),
  width: tableWidth(),
});

/** @throws UsageError */
export async function dlqCommand(args: readonly string[], output: Output = terminal()): Promise<number> {
  const options = readOptions(args, process.env, Date.now());
  const client = createAdminClient(options.access, new AbortController().signal);
  try {
    switch (options.verb) {
      case "groups":
        return await showGroups(client, options, output);
      case "list":
        return await showList(client, options, output);
      case "show":
        return await showOne(client, options, output);
      case "heal":
      case "replay":
      case "discard":
        return await close(client, options.verb, options, output);
    }
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    output.complain(error.message);
    return 1;
  }
}

const json = (value: unknown) => JSON.stringify(value, undefined, 2);

/** Asks each service; one that does not answer is said, and does not keep the others from being shown. */
async function ofServices<T>(
  { services }: Pick<DlqOptions, "services">,
  { complain }: Output,
  ask: (service: Service) => Promise<readonly T[]>,
): Promise<{ readonly found: readonly T[]; readonly code: number }> {
  const found: T[] = [];
  let code = 0;
  for (const service of services) {
    try {
      found.push(...(await ask(service)));
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      complain(error.message);
      code = 1;
    }
  }
  return { found, code };
}

async function showGroups(client: AdminClient, options: DlqOptions, output: Output): Promise<number> {
  const { filter, by } = options;
  const { found, code } = await ofServices(options, output, (service) => readGroups(client, service, filter));
  const sums = sumGroups(found, by);
  if (options.json) output.write(json(sums));
  else if (sums.length > 0) output.write(groupsTable(sums, by, Date.now(), output.width));
  else output.write(noneFound(options));
  return code;
}

async function showList(client: AdminClient, options: DlqOptions, output: Output): Promise<number> {
  const { found, code } = await findLetters(client, options, output);
  if (options.json) output.write(json(found.map((letter) => ({ letter: nameOf(letter), ...letter }))));
  else if (found.length > 0) output.write(listTable(found, Date.now(), output.width));
  else output.write(noneFound(options));
  return code;
}

async function findLetters(client: AdminClient, options: DlqOptions, output: Output) {
  const { filter, limit } = options;
  const { found, code } = await ofServices<Letter>(options, output, (service) =>
    readLetters(client, service, filter, limit),
  );
  return { found: found.toSorted((a, b) => b.deadAtMs - a.deadAtMs || b.id - a.id), code };
}

async function oldestFirst(client: AdminClient, options: DlqOptions, output: Output) {
  const { found, code } = await findLetters(client, options, output);
  return { found: found.toReversed(), code };
}

const noneFound = ({ filter }: DlqOptions) =>
  filter["state"] === "dead" ? "there are no dead letters of that kind" : "there are no letters of that kind";

async function showOne(
  client: AdminClient,
  { names: [name], json: asJson }: DlqOptions,
  output: Output,
): Promise<number> {
  if (name === undefined) return 2;
  const letter = await readDetail(client, name);
  output.write(asJson ? json({ letter: nameOf(letter), ...letter }) : detailText(letter, Date.now()));
  return 0;
}

async function close(
  client: AdminClient,
  action: "heal" | "replay" | "discard",
  options: DlqOptions,
  output: Output,
): Promise<number> {
  const { names, operator, why = "dry run", does, discardAs } = options;
  const { found, code } =
    names.length > 0
      ? { found: await Promise.all(names.map((name) => readDetail(client, name))), code: 0 }
      : await oldestFirst(client, options, output);
  const order = { operator: operator || "nobody", why, dryRun: !does, discardAs };
  const closed: Outcome[] = [];
  // One after the other: each is a transaction of its service.
  for (const letter of found) closed.push({ letter, ...(await closeLetter(client, action, letter, order)) });
  if (options.json) output.write(json(closed.map(({ letter, ...rest }) => ({ letter: nameOf(letter), ...rest }))));
  else if (closed.length === 0) output.write(noneFound(options));
  else output.write(`${closedTable(closed, output.width)}\n\n${sumOf(action, closed, does)}`);
  return closed.some(({ outcome }) => outcome === "cannot") ? 1 : code;
}

const participles = { heal: "healed", replay: "replayed", discard: "discarded" } as const;

function sumOf(action: keyof typeof participles, closed: readonly Outcome[], does: boolean): string {
  const number = (outcome: Outcome["outcome"]) => closed.filter((each) => each.outcome === outcome).length;
  const did = counted(does ? number("done") : number("would"), "letter");
  const parts = [
    does ? `${did} ${participles[action]}` : `${did} would be ${participles[action]}`,
    ...(number("already") > 0 ? [`${number("already")} closed before`] : []),
    ...(number("cannot") > 0 ? [`${number("cannot")} cannot be ${participles[action]}`] : []),
  ];
  return does ? parts.join(", ") : `dry run: ${parts.join(", ")}. Nothing was done: add --yes --why TEXT to do it`;
}
