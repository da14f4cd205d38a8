/** Takes the lock when all who asked earlier have given it back. Rejects with the signal's reason when it aborts first. */
export type Lock = (signal: AbortSignal) => Promise<Release>;

/** Gives the lock to the next one. Calling it again does nothing. */
export type Release = () => void;

/** A lock for one process: first in, first out, so that no caller starves however busy the others are. */
export function createLock(): Lock {
  const waiting: (() => void)[] = [];
  let held = false;

  function releaseOnce(): Release {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const next = waiting.shift();
      if (next) next();
      else held = false;
    };
  }

  return async (signal) => {
    signal.throwIfAborted();
    if (!held) {
      held = true;
      return releaseOnce();
    }
    await new Promise<void>((resolve, reject) => {
      const take = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(take), 1);
        reject(signal.reason as Error);
      };
      waiting.push(take);
      signal.addEventListener("abort", leave, { once: true });
    });
    return releaseOnce();
  };
}
