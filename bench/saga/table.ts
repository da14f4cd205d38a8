export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Text to the left, figures to the right: a column is of figures when no cell of it begins with a letter. */
export function renderTable(table: Table): string {
  return lay(table, (cells) => cells.join("  ").trimEnd(), false);
}

export function renderMarkdown(table: Table): string {
  return lay(table, (cells) => `| ${cells.join(" | ")} |`, true);
}

function lay({ columns, rows }: Table, line: (cells: readonly string[]) => string, isMarkdown: boolean): string {
  const isText = columns.map((_, column) => column === 0 || rows.some((row) => /^[a-z]/i.test(row[column] ?? "")));
  const widths = columns.map((name, column) =>
    Math.max(3, name.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const padded = (cells: readonly string[]) =>
    widths.map((width, column) =>
      isText[column] ? (cells[column] ?? "").padEnd(width) : (cells[column] ?? "").padStart(width),
    );
  const rule = widths.map((width, column) => (isText[column] ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [padded(columns), ...(isMarkdown ? [rule] : []), ...rows.map(padded)].map(line).join("\n");
}
