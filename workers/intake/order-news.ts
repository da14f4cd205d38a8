import type { View } from "./decide.ts";

/** An order that changed; `before` is undefined for one that was just accepted. */
export interface OrderChange {
  readonly before: View | undefined;
  readonly after: View;
}

type Listener = (changes: readonly OrderChange[]) => void;

/**
 * What became of orders, told in this process once it is durable. Other processes may write the same store, and an answer to
 * a COMMIT may be lost, so whoever must not miss anything also looks by itself, now and then.
 */
export interface OrderNews {
  /** Costs nothing while nobody listens. */
  tell(changes: () => readonly OrderChange[]): void;
  /** @returns ends the listening */
  listen(listener: Listener): () => void;
}

export function createOrderNews(): OrderNews {
  const listeners = new Set<Listener>();
  return {
    tell(changes) {
      if (listeners.size === 0) return;
      const told = changes();
      if (told.length === 0) return;
      for (const listener of listeners) listener(told);
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
