import { useEffect, useState } from "preact/hooks";
import { follow, type FeedEvent } from "../event-feed.ts";
import { accessHeaders, refused } from "./access.tsx";

export type FeedState = "opening" | "live" | "lost" | "not-found";

/** Follows a stream of intake's for as long as the component is there; gives how it stands. */
export function useFeed(url: string, quietMs: number, onEvent: (event: FeedEvent) => void): FeedState {
  const [state, setState] = useState<FeedState>("opening");
  useEffect(() => {
    const leaving = new AbortController();
    const onRefused = (status: number) => (status === 401 ? refused() : setState("not-found"));
    const { signal } = leaving;
    // Else a browser that knows itself offline would find out by a try.
    const onOffline = () => setState("lost");
    addEventListener("offline", onOffline, { signal });
    void follow({ url, headers: accessHeaders, quietMs, onEvent, onState: setState, onRefused, signal });
    return () => leaving.abort();
  }, [url]);
  return state;
}
