/** Lets one loop wait for news. News that came while it worked end the next wait at once. */
export interface WakeUp {
  notify(): void;
  /** Until there is news, at most `timeoutMs`. */
  wait(timeoutMs: number): Promise<void>;
}

export function createWakeUp(): WakeUp {
  let news = false;
  let wake: (() => void) | undefined;
  return {
    notify() {
      news = true;
      wake?.();
    },
    async wait(timeoutMs) {
      if (!news) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = undefined;
      }
      news = false;
    },
  };
}
