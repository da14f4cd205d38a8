import { useEffect, useState } from "preact/hooks";
import type { RequestError } from "./access.tsx";

export interface Polled<T> {
  /** The last that came; undefined: nothing yet. */
  readonly value: T | undefined;
  /** Of the last try; what came before it is kept. */
  readonly error: RequestError | undefined;
  readonly reload: () => void;
}

/** Others close dead letters too. */
const everyMs = 5_000;

/** Loads, and loads again every few seconds while the page is looked at. `key` says what: another one begins anew. */
export function usePolled<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Polled<T> {
  const [state, setState] = useState<{ key: string; value?: T; error?: RequestError }>({ key });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    const look = () => {
      load(leaving.signal).then(
        (value) => void (leaving.signal.aborted || setState({ key, value })),
        (error: RequestError) => {
          if (!leaving.signal.aborted) setState((before) => ({ ...(before.key === key ? before : { key }), error }));
        },
      );
    };
    look();
    const timer = setInterval(() => void (document.hidden || look()), everyMs);
    return () => {
      clearInterval(timer);
      leaving.abort();
    };
  }, [key, round]);
  const { value, error } = state.key === key ? state : {};
  return { value, error, reload: () => setRound((before) => before + 1) };
}
