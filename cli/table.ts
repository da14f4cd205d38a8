import process from "node:process";

/** A column: its title, and its cell of a row. */
export interface Column<T> {
  readonly title: string;
  readonly cell: (row: T) => string;
  /** Numbers; else text begins at the left. */
  readonly isRight?: boolean;
}

/** How wide a table may be: a terminal's width; anything else takes whole lines. */
export const tableWidth = (): number => (process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY);

/** Rows under their titles. Where they are wider than `widthAtMost`, the last column is cut. */
export function tableOf<T>(columns: readonly Column<T>[], rows: readonly T[], widthAtMost: number): string {
  const lines = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ cell }) => oneLine(cell(row)))),
  ];
  const widths = columns.map((_, at) => Math.max(...lines.map((cells) => cells[at]?.length ?? 0)));
  return lines
    .map((cells) => {
      const line = cells.map((text, at) => {
        const width = widths[at] ?? 0;
        return columns[at]?.isRight ? text.padStart(width) : text.padEnd(width);
      });
      return cut(line.join("  ").trimEnd(), widthAtMost);
    })
    .join("\n");
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, " ").trim();
const cut = (text: string, length: number) => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);
