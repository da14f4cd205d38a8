import { clearInterval, setInterval } from "node:timers";

export interface PollOverdue {
  readonly sinceLastPollMs: number;
  /** `max.poll.interval.ms`: at this, the broker gives the partitions to others. */
  readonly limitMs: number;
}

const WARN_AT = 0.8;

/** Says once, for each stall, that nobody polls. Does not keep the process alive. */
export function newPollWatchdog(limitMs: number, onOverdue: (overdue: PollOverdue) => void) {
  let polledAtMs = performance.now();
  let said = false;
  const timer = setInterval(() => {
    const sinceLastPollMs = performance.now() - polledAtMs;
    if (said || sinceLastPollMs < limitMs * WARN_AT) return;
    said = true;
    onOverdue({ sinceLastPollMs, limitMs });
  }, limitMs / 20);
  timer.unref();
  return {
    polled() {
      polledAtMs = performance.now();
      said = false;
    },
    stop: () => clearInterval(timer),
  };
}
