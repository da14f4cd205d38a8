import process from "node:process";
import { now, type Now, second, type Second } from "#contracts/live.ts";
import { follow } from "#dashboard/event-feed.ts";
import { UsageError } from "../usage-error.ts";
import { topText } from "./top-text.ts";
import { parseWatchOptions, untilInterrupted, watchHelp } from "./watch-options.ts";

export const topHelp = `orderwright top [--once] [--intake URL] [--data DIR]

Shows how the shop stands and moves each second until Ctrl-C: orders a second by outcome, durations, orders that are open, and
each service with what waits there. The page that intake serves under / shows the same.

  --once                 shows it once
${watchHelp}

Exit code: 0 shown, 1 intake refuses, 2 the command line is not understood.`;

const secondsAtMost = 120;

/** @throws UsageError */
export async function topCommand(args: readonly string[]): Promise<number> {
  const { intake, headers, once, positionals } = parseWatchOptions(args);
  if (positionals.length > 0) throw new UsageError([`"${positionals.join(" ")}" is no option`]);
  const { stdout } = process;
  const shown = new AbortController();
  let seconds: Second[] = [];
  let code = 0;
  const show = (standing: Now | undefined, isLive: boolean) => {
    const size = { columns: stdout.columns ?? 100, isColoured: stdout.isTTY };
    stdout.write(
      `${stdout.isTTY ? "\u001b[2J\u001b[H" : ""}${topText(standing, seconds, { ...size, isLive, intake })}`,
    );
  };
  let standing: Now | undefined;
  await follow({
    url: `${intake}/events`,
    headers: () => ({ ...headers }),
    quietMs: 8_000,
    signal: AbortSignal.any([untilInterrupted(), shown.signal]),
    onEvent({ event, data }) {
      if (event === "seconds") {
        const last = seconds.at(-1)?.atMs ?? 0;
        const news = second.array().parse(data);
        seconds = [...seconds, ...news.filter(({ atMs }) => atMs > last)].slice(-secondsAtMost);
        return;
      }
      standing = now.parse(data);
      show(standing, true);
      if (once) shown.abort();
    },
    onState(state) {
      if (state === "live") return;
      show(standing, false);
      if (!once) return;
      code = 1;
      shown.abort();
    },
    onRefused(status) {
      process.stderr.write(
        `orderwright top: ${status === 401 ? "intake wants a token: set HTTP_TOKEN" : `intake answered with ${status}`}\n`,
      );
      code = 1;
    },
  });
  return code;
}
