import { stripVTControlCharacters, styleText } from "node:util";
import type { OrderGoods, OrderView } from "#contracts/http.ts";
import { type Service, services } from "#contracts/topics.ts";
import { type Step, wayOf } from "#dashboard/order-way.ts";

const laneWidth = 22;
const timeWidth = 22;
type Style = (format: Parameters<typeof styleText>[0], text: string) => string;

/** An order's way as text: a lane a service, time downwards. `goods`: as stock says; `isColoured`: for a terminal. */
export function lanesText(order: OrderView, goods: OrderGoods | undefined, nowMs: number, isColoured: boolean): string {
  const style: Style = isColoured
    ? (format, text) => styleText(format, text, { validateStream: false })
    : (_format, text) => text;
  const { steps, waitsFor, summary } = wayOf(order, goods);
  const lines = [`${style("bold", order.id)}  ${order.status}`, summary, "", headLine(style)];
  let beforeMs: number | undefined;
  for (const step of steps) {
    lines.push(...stepLines(step, beforeMs, style));
    beforeMs = step.atMs ?? beforeMs;
  }
  if (waitsFor !== undefined) {
    const { lane, text, untilMs } = waitsFor;
    const left = untilMs === undefined ? "" : `, ${Math.max(0, Math.round((untilMs - nowMs) / 1_000))} s left`;
    lines.push(...cell("now", lane, style("cyan", `… ${text}${left}`), false));
  }
  return `${lines.join("\n")}\n`;
}

const headLine = (style: Style) =>
  style("dim", `${"".padEnd(timeWidth)}${services.map((name) => name.padEnd(laneWidth)).join("")}`.trimEnd());

const marks = { forward: "●", refused: "✕", asked: "?", back: "↩" } as const;
const colours = { forward: "green", refused: "yellow", asked: "cyan", back: "magenta" } as const;

function stepLines(
  { lane, kind, atMs, title, details, sends }: Step,
  beforeMs: number | undefined,
  style: Style,
): string[] {
  const since = atMs === undefined || beforeMs === undefined ? "" : ` +${Math.max(0, atMs - beforeMs)} ms`;
  const when = atMs === undefined ? "(time not told)" : `${clock(atMs)}${since}`;
  const detail = details.length === 0 ? "" : style("dim", ` (${details.join("; ")})`);
  const arrows = sends.map(({ message, to }) =>
    arrowLine(lane, to, message, kind === "forward" ? "dim" : "magenta", style),
  );
  return [...cell(when, lane, `${style(colours[kind], `${marks[kind]} ${title}`)}${detail}`, true), ...arrows];
}

/** Local time, since a person compares it with a clock. */
function clock(atMs: number): string {
  const date = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** What is said stands in its lane, and may reach into those to the right; from the last ones it begins further left. */
function cell(when: string, lane: Service, text: string, hasLane: boolean): string[] {
  const room = 100;
  const column = timeWidth + services.indexOf(lane) * laneWidth;
  const width = stripVTControlCharacters(text).length;
  const start = hasLane ? column : Math.min(column, Math.max(timeWidth, room + timeWidth - width));
  return [`${when.padEnd(start)}${text}`];
}

/** From the middle of a lane's name to the other's. */
function arrowLine(
  from: Service,
  to: Service,
  message: string,
  colour: Parameters<typeof styleText>[0],
  style: Style,
): string {
  const [a, b] = [services.indexOf(from), services.indexOf(to)];
  const left = timeWidth + Math.min(a, b) * laneWidth + 1;
  const length = Math.abs(b - a) * laneWidth - 1;
  const text = ` ${message} `;
  const before = Math.max(1, Math.floor((length - text.length) / 2));
  const line = `${"─".repeat(before)}${text}${"─".repeat(Math.max(1, length - text.length - before))}`;
  return `${" ".repeat(left)}${style(colour, b > a ? `${line}▶` : `◀${line}`)}`;
}
