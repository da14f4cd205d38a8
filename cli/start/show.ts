import type { ShopDay } from "#data/read-orders.ts";
import type { Outcomes, Progress } from "./tally.ts";

/** Where progress is shown: a line that is written over on a terminal, few plain lines elsewhere. */
export interface Terminal {
  readonly isTerminal: boolean;
  readonly columns: number;
  write(text: string): void;
}

export interface Screen {
  say(text: string): void;
  /** Shows where things stand; seldom where it cannot be written over. */
  progress(text: string): void;
}

const plainEveryMs = 5_000;

export function createScreen(terminal: Terminal, nowMs: () => number = () => performance.now()): Screen {
  let shown = "";
  let plainAtMs = nowMs();
  const clear = () => {
    if (shown !== "") terminal.write("\r\u001b[K");
    shown = "";
  };
  return {
    say(text) {
      clear();
      terminal.write(`${text}\n`);
    },
    progress(text) {
      if (terminal.isTerminal) {
        clear();
        // A line that wraps cannot be written over.
        shown = text.slice(0, Math.max(20, terminal.columns - 1));
        terminal.write(shown);
      } else if (nowMs() - plainAtMs >= plainEveryMs) {
        plainAtMs = nowMs();
        terminal.write(`${text}\n`);
      }
    },
  };
}

export function progressLine(name: string, total: number, progress: Progress): string {
  const { accepted, ends, refused, perSecond, p50Ms, p99Ms } = progress;
  const settled = ["paid", "rejected", "cancelled"].map((end) => `${end} ${ends[end] ?? 0}`);
  const parts = [`${name}: accepted ${accepted}/${total}`, ...settled];
  if (refused > 0) parts.push(`refused ${refused}`);
  if (p50Ms !== undefined)
    parts.push(`${perSecond.toFixed(1)} orders/s`, `p50 ${duration(p50Ms)}`, `p99 ${duration(p99Ms ?? 0)}`);
  return parts.join("  ");
}

export const duration = (ms: number) => (ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);

/** What was left out of a file, with the reasons of data/README.md. */
export function leftOutText({ leftOut }: ShopDay): string {
  const lines = Object.entries(leftOut.lines).filter(([, count]) => count > 0);
  if (lines.length === 0) return "nothing left out";
  const reasons = lines.map(([reason, count]) => `${count} ${reason}`).join(", ");
  return `left out: lines of ${reasons}; ${leftOut.invoices} invoices without a line left`;
}

export function outcomesTable({ rows }: Outcomes): string {
  const cells = rows.map(({ status, reason, orders, expected }) => [status, reason, String(orders), String(expected)]);
  const total = (key: "orders" | "expected") => String(rows.reduce((sum, row) => sum + row[key], 0));
  const table = [
    ["outcome", "reason", "orders", "expected"],
    ...cells,
    ["all", "", total("orders"), total("expected")],
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return table.map((row) => `  ${line(row)}`).join("\n");
}
