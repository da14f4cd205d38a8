// For tests only.

/** Gives the slot back. Calling it again does nothing. */
export type Release = () => void;

/** The right to write, which one stream of a server has at a time. */
export interface WriteSlot {
  /**
   * Waits for the slot, first come first served. `abort` rolls the stream's transaction back: called when it has had the slot for its time
   * and another one waits; not before, and never when none does.
   */
  acquire(abort: () => Promise<void>): Promise<Release>;
}

interface Holder {
  readonly sinceMs: number;
  readonly abort: () => Promise<void>;
  readonly release: Release;
}

/**
 * As libSQL's server has it (`connection_manager.rs` of libsql-server 0.24): the time is that from getting the slot, not from the last
 * statement, and is looked at by whoever waits.
 */
export function createWriteSlot(slotMs: number): WriteSlot {
  const waiting: (() => void)[] = [];
  let holder: Holder | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function watch(): void {
    clearTimeout(timer);
    const held = holder;
    if (held === undefined || waiting.length === 0) return;
    const leftMs = Math.max(0, held.sinceMs + slotMs - performance.now());
    timer = setTimeout(() => void held.abort().finally(held.release), leftMs);
  }

  function take(abort: () => Promise<void>): Release {
    let isReleased = false;
    const release = () => {
      if (isReleased) return;
      isReleased = true;
      holder = undefined;
      waiting.shift()?.();
      watch();
    };
    holder = { sinceMs: performance.now(), abort, release };
    watch();
    return release;
  }

  return {
    acquire: (abort) =>
      holder === undefined
        ? Promise.resolve(take(abort))
        : new Promise((resolve) => {
            waiting.push(() => resolve(take(abort)));
            watch();
          }),
  };
}
