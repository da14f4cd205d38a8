import type { ClosedLetter, DeadLetterDetail } from "#contracts/dead-letters.ts";
import { addUpGroups, type Group, type Letter } from "#contracts/letters-of-services.ts";
import { counted } from "../counted.ts";
import { durationText } from "../durations.ts";
import { type Column, tableOf } from "../table.ts";
import { nameOf } from "./letters.ts";
import type { Grouping } from "./options.ts";

/** A letter with what became of it. */
export interface Outcome extends ClosedLetter {
  readonly letter: Letter;
}

export function listTable(letters: readonly Letter[], nowMs: number, widthAtMost: number): string {
  const hasClosed = letters.some(({ state }) => state !== "dead");
  const columns: Column<Letter>[] = [
    { title: "LETTER", cell: nameOf },
    { title: "TOPIC", cell: ({ topic }) => topic },
    { title: "REASON", cell: ({ reason }) => reason },
    { title: "ORDER", cell: ({ orderId }) => orderId ?? "-" },
    { title: "AGE", cell: ({ deadAtMs }) => durationText(nowMs - deadAtMs), isRight: true },
    { title: "TRIES", cell: ({ attempts }) => String(attempts), isRight: true },
    ...(hasClosed ? [{ title: "STATE", cell: ({ state }: Letter) => state }] : []),
    // Its statement and its causes are shown with the one letter.
    { title: "ERROR", cell: ({ error }) => error.split(/[;\n]/, 1)[0] ?? "" },
  ];
  return tableOf(columns, letters, widthAtMost);
}

/** Groups of all services, added up by what was asked for; the largest first. */
export const sumGroups = (groups: readonly Group[], by: readonly Grouping[]): Group[] =>
  addUpGroups(groups, (group) => by.map((name) => (name === "age" ? group.ageMs : group[name])).join("\n"));

export function groupsTable(sums: readonly Group[], by: readonly Grouping[], nowMs: number, width: number): string {
  const cells: Readonly<Record<Grouping, (group: Group) => string>> = {
    service: ({ service }) => service,
    topic: ({ topic }) => topic,
    reason: ({ reason }) => reason,
    state: ({ state }) => state,
    age: ({ ageMs }) => (ageMs === 0 ? "new" : `over ${durationText(ageMs)}`),
  };
  return tableOf<Group>(
    [
      { title: "LETTERS", cell: ({ letters }) => String(letters), isRight: true },
      ...by.map((name) => ({ title: name.toUpperCase(), cell: cells[name] })),
      { title: "OLDEST", cell: ({ oldestAtMs }) => durationText(nowMs - oldestAtMs), isRight: true },
      { title: "NEWEST", cell: ({ newestAtMs }) => durationText(nowMs - newestAtMs), isRight: true },
    ],
    sums,
    width,
  );
}

export function closedTable(closed: readonly Outcome[], widthAtMost: number): string {
  const columns: Column<Outcome>[] = [
    { title: "LETTER", cell: ({ letter }) => nameOf(letter) },
    { title: "TOPIC", cell: ({ letter }) => letter.topic },
    { title: "ORDER", cell: ({ letter }) => letter.orderId ?? "-" },
    { title: "OUTCOME", cell: ({ outcome }) => outcome },
    { title: "EFFECT", cell: ({ effect }) => effect },
  ];
  return tableOf(columns, closed, widthAtMost);
}

const stamp = (ms: number) => new Date(ms).toISOString();

export function detailText(letter: DeadLetterDetail & Letter, nowMs: number): string {
  const lines: [string, string][] = [
    ["letter", `${nameOf(letter)}, ${letter.state}`],
    ["record", `${letter.topic}, partition ${letter.partition}, offset ${letter.offset}, read by ${letter.groupId}`],
    ["order", letter.orderId ?? "none: neither key nor body name one"],
    ["written by", `${letter.writers.join(" or ")}${letter.messageIds.map((id) => `, as ${id}`).join("")}`],
    ["reason", `${letter.reason}: ${letter.error}`],
    ["tries", `${letter.attempts}, the first at ${stamp(letter.firstSeenAtMs)}`],
    [
      "set aside",
      `${stamp(letter.deadAtMs)}, ${durationText(nowMs - letter.deadAtMs)} ago, by version ${letter.programVersion ?? "unknown"}`,
    ],
    ["produced", stamp(letter.timestampMs)],
    ["trace", letter.traceparent ?? "none"],
    ["now", letter.readable.ok ? "can be read: replay may work" : `cannot be read: ${letter.readable.detail}`],
    ["key", letter.key ?? (letter.keyBase64 === null ? "none" : `base64 ${letter.keyBase64}`)],
    ...letter.headers.map(({ name, text, base64 }): [string, string] => {
      return ["header", `${name}: ${text ?? (base64 === null ? "null" : `base64 ${base64}`)}`];
    }),
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const indent = " ".repeat(width + 2);
  const top = lines.map(([name, text]) => `${name.padEnd(width)}  ${text.replaceAll("\n", `\n${indent}`)}`);
  const history = letter.history.map(
    ({ atMs, operator, action, why, effect }) => `  ${stamp(atMs)}  ${operator}: ${action} (${why}) -> ${effect}`,
  );
  return [
    ...top,
    "",
    `body, ${counted(letter.bytes, "byte")}:`,
    bodyText(letter),
    "",
    history.length === 0 ? "nothing was done to it" : "what was done to it:",
    ...history,
  ].join("\n");
}

function bodyText({ json, text, valueBase64 }: DeadLetterDetail): string {
  if (valueBase64 === null) return "  none: the value is null";
  if (json !== null) return indented(JSON.stringify(json, undefined, 2));
  return indented(text ?? `base64 ${valueBase64}`);
}

const indented = (text: string) =>
  text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
