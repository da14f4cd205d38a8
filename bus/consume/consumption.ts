import type { EventType } from "#contracts/events.ts";
import { consume, type ConsumerOptions } from "./consumer.ts";
import { describeError } from "../batch/error-policy.ts";

/** A service that consumes, refuses to, or is being recovered. */
export interface Consumption {
  start(): void;
  /** Of the last start: resolves when it was stopped, rejects with the refusal. */
  consuming(): Promise<void>;
  refusal(): Error | undefined;
  /** Looks for a reason to refuse, unless there is one or it is being mended. */
  look(find: () => Promise<Error | undefined>): Promise<void>;
  /** When `mend` has done its work, nothing is refused any more. */
  restart<T>(mend: () => Promise<T>): Promise<T>;
}

/** Somebody asked for a recovery while one is under way. */
export class AlreadyRecoveringError extends Error {
  override readonly name = "AlreadyRecoveringError";
}

export function createConsumption<K extends EventType>(options: Omit<ConsumerOptions<K>, "refusal">): Consumption {
  let refused: Error | undefined;
  let isMending = false;
  let running: Promise<void> = Promise.resolve();

  function start(): void {
    running = consume({ ...options, refusal: () => refused }).catch((error: unknown) => {
      refused ??= error as Error;
      options.log({ level: "error", message: "consuming is refused", error: describeError(error) });
      throw error;
    });
    running.catch(() => undefined); // nobody has to wait for it
  }

  return {
    start,
    consuming: () => running,
    refusal: () => refused,
    async look(find) {
      if (refused !== undefined || isMending) return;
      const found = await find();
      if (!isMending) refused ??= found;
    },
    async restart(mend) {
      if (isMending) throw new AlreadyRecoveringError("a recovery is under way");
      isMending = true;
      try {
        // It has left the group: a refusal that somebody else found ends it with the next poll.
        if (refused !== undefined) await running.catch(() => undefined);
        const result = await mend();
        refused = undefined;
        start();
        return result;
      } finally {
        isMending = false;
      }
    },
  };
}
