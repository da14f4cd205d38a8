// The tables in these documents come from the code: `bun docs/tables.ts` writes them anew, docs/tables.test.ts holds them to it.
import { readFileSync, writeFileSync } from "node:fs";
import { busSettingsTable } from "#bus/settings.ts";
import { topics } from "#contracts/topics.ts";
import type { Service } from "#contracts/topics.ts";
import { type Rule, discardRules, rules } from "#workers/search/rules.ts";

const TABLES: Readonly<Record<string, () => string>> = {
  stock: () => ruleTable("stock", rules),
  order: () => ruleTable("order", rules),
  payment: () => ruleTable("payment", rules),
  view: () => ruleTable("intake", rules),
  discards: () => ["stock", "order", "payment"].map((name) => ruleTable(name as Service, discardRules)).join("\n"),
  topics: topicTable,
  settings: settingTable,
};

/** A document with each table between `<!-- table: NAME -->` and `<!-- end -->` as the code has it. */
export function withTables(text: string): string {
  return text.replace(
    /(<!-- table: (\w+) -->\n)[^]*?(<!-- end -->)/g,
    (_, head: string, name: string, tail: string) => {
      const table = TABLES[name];
      if (!table) throw new Error(`there is no table "${name}"; there are: ${Object.keys(TABLES).join(", ")}`);
      return `${head}\n${table()}\n${tail}`;
    },
  );
}

export const DOCUMENTS = ["design.md", "coming-from-spring-kafka.md"].map((name) => new URL(name, import.meta.url));

if (import.meta.main) {
  for (const document of DOCUMENTS) writeFileSync(document, withTables(readFileSync(document, "utf8")));
}

/** Padded as the formatter pads it. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) =>
    Math.max(...[head, ...rows.map((row) => row[column] ?? "")].map((c) => c.length)),
  );
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(heads), line(widths.map((width) => "-".repeat(width))), ...rows.map(line), ""].join("\n");
}

function ruleTable(service: Service, all: readonly Rule[]): string {
  const rows = all
    .filter((rule) => rule.service === service)
    .map(({ message, from, to, outbox, when }) => [
      message,
      from.join(", ") + (when === undefined ? "" : `: ${when}`),
      to,
      outbox.join(", ") || "-",
    ]);
  return table([`${service}: message`, "from", "to", "outbox"], rows);
}

function topicTable(): string {
  const short = (group: string) => group.replace("orderwright.", "");
  return table(
    ["topic", "partitions", "kept for", "written by", "read by"],
    Object.values(topics).map(({ name, partitions, retentionMs, writers, readers }) => [
      name,
      String(partitions),
      `${retentionMs / 86_400_000} days`,
      writers.join(", "),
      readers.map(short).join(", "),
    ]),
  );
}

function settingTable(): string {
  return table(
    ["variable", "default", "why"],
    Object.values(busSettingsTable).map(({ variable, fallback, reason }) => [variable, String(fallback), reason]),
  );
}
