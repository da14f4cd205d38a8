import type { Second } from "#contracts/live.ts";
import { durationText, secondText } from "./moments.ts";

export interface SecondHistory {
  /** Takes news, some of which may be known already, and gives all, oldest first. */
  add(news: readonly Second[]): readonly Second[];
}

/** Ten minutes: what intake keeps, and as much as a plot can show. */
const secondsAtMost = 600;

/** Outlives a restart of intake, after which intake itself knows nothing of before. */
export function createHistory(): SecondHistory {
  let all: readonly Second[] = [];
  return {
    add(news) {
      const last = all.at(-1)?.atMs ?? 0;
      const fresh = news.filter(({ atMs }) => atMs > last);
      if (fresh.length > 0) all = [...all, ...fresh].slice(-secondsAtMost);
      return all;
    },
  };
}

export interface Plotted {
  readonly data: readonly (readonly (number | null)[])[];
  readonly description: string;
}

export function ratesOf(seconds: readonly Second[]): Plotted {
  const data = columns(seconds, ({ accepted, paid, rejected, cancelled }) => [accepted, paid, rejected, cancelled], 4);
  const most = seconds.reduce((found, second) => Math.max(found, second.accepted), 0);
  return { data, description: spanText(seconds, `at most ${most} accepted in a second`) };
}

export function durationsOf(seconds: readonly Second[]): Plotted {
  const data = columns(seconds, ({ p50Ms = null, p99Ms = null }) => [p50Ms, p99Ms], 2);
  const worst = seconds.reduce((found, { p99Ms = 0 }) => Math.max(found, p99Ms), 0);
  return { data, description: spanText(seconds, `the worst p99 of a second was ${durationText(worst)}`) };
}

function spanText(seconds: readonly Second[], text: string): string {
  const [first] = seconds;
  const last = seconds.at(-1);
  if (first === undefined || last === undefined) return "Nothing yet";
  return `From ${secondText(first.atMs)} to ${secondText(last.atMs)}: ${text}`;
}

/** Turns come a second apart; where one is missing, intake was away, and the line is broken there. */
const gapMs = 2_500;

function columns(seconds: readonly Second[], valuesOf: (second: Second) => (number | null)[], count: number) {
  const data: (number | null)[][] = Array.from({ length: count + 1 }, () => []);
  const put = (atMs: number, values: readonly (number | null)[]) => {
    [atMs / 1_000, ...values].forEach((value, index) => data[index]?.push(value));
  };
  let beforeMs: number | undefined;
  for (const second of seconds) {
    if (beforeMs !== undefined && second.atMs - beforeMs > gapMs) put(beforeMs + 1_000, Array<null>(count).fill(null));
    put(second.atMs, valuesOf(second));
    beforeMs = second.atMs;
  }
  return data;
}
