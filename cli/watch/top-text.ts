import { styleText } from "node:util";
import type { Now, Second } from "#contracts/live.ts";
import { services } from "#contracts/topics.ts";
import { healthOf } from "#dashboard/health.ts";

interface TopOptions {
  readonly intake: string;
  readonly isLive: boolean;
  readonly columns: number;
  readonly isColoured: boolean;
}

const colours = { good: "green", slow: "yellow", bad: "red" } as const;
const blocks = "▁▂▃▄▅▆▇█";
const rateOverSeconds = 5;

/** The overview as text. */
export function topText(now: Now | undefined, seconds: readonly Second[], options: TopOptions): string {
  const { intake, isLive, columns, isColoured } = options;
  const style = (format: Parameters<typeof styleText>[0], text: string) =>
    isColoured ? styleText(format, text, { validateStream: false }) : text;
  if (!isLive) return `${style("red", `not live: intake does not answer at ${intake}; trying again`)}\n`;
  if (now === undefined) return "";
  const { level, headline, troubles } = healthOf(now, seconds);
  const recent = seconds.slice(-rateOverSeconds);
  const rate = (key: "accepted" | "paid" | "rejected" | "cancelled") =>
    `${(recent.reduce((sum, each) => sum + each[key], 0) / Math.max(1, recent.length)).toFixed(1)}/s`;
  const { lastMinute, inFlight } = now;
  const lines = [
    `${style("bold", "orderwright")}  ${intake}  ${new Date(now.atMs).toLocaleTimeString()}`,
    style(colours[level], headline),
    ...troubles.slice(1).map(({ text }) => `  ${text}`),
    "",
    `accepted ${rate("accepted")}   paid ${rate("paid")}   rejected ${rate("rejected")}   cancelled ${rate("cancelled")}`,
    `last minute: p50 ${msText(lastMinute.p50Ms)}   p99 ${msText(lastMinute.p99Ms)}   ended ${lastMinute.ended}`,
    `open: ${inFlight.received} wait for stock, ${inFlight.created} for payment`,
    "",
    sparkline(
      "accepted/s",
      seconds.map(({ accepted }) => accepted),
      columns,
    ),
    sparkline(
      "p99 ms",
      seconds.map(({ p99Ms = 0 }) => p99Ms),
      columns,
    ),
    "",
    style(
      "dim",
      `${"service".padEnd(10)}${"state".padEnd(12)}${"behind".padStart(10)}${"outbox".padStart(10)}${"oldest".padStart(10)}${"dead".padStart(8)}`,
    ),
  ];
  for (const service of services) {
    const { state, lag, outboxRows, outboxAgeSeconds, deadLetters, detail = "" } = now.services[service];
    const figures = [lag, outboxRows].map((value) => String(value ?? "-").padStart(10)).join("");
    const age = outboxAgeSeconds === undefined ? "-" : `${outboxAgeSeconds.toFixed(0)} s`;
    const row = `${service.padEnd(10)}${state.padEnd(12)}${figures}${age.padStart(10)}${String(deadLetters ?? "-").padStart(8)}  ${detail}`;
    lines.push(state === "ready" || state === "unknown" ? row.trimEnd() : style("red", row.trimEnd()));
  }
  return `${lines.join("\n")}\n`;
}

const msText = (ms: number | undefined) => (ms === undefined ? "-" : `${ms.toFixed(0)} ms`);

function sparkline(name: string, values: readonly number[], columns: number): string {
  const shown = values.slice(-Math.max(10, columns - 28));
  const most = Math.max(1, ...shown);
  const line = shown.map((value) => blocks[Math.round((value / most) * (blocks.length - 1))]).join("");
  return `${name.padEnd(11)}${line} ${Math.round(most)} at most`;
}
