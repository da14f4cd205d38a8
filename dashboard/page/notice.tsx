import type { FeedState } from "./use-feed.ts";

/** What there is to say while the page is not live. Read out once, not at each try. */
export function Notice({ state }: { state: FeedState }) {
  return (
    <div role="status" class="notices">
      {state === "lost" && (
        <p class="notice bad">
          Not live: intake does not answer. What is shown is as it was; it goes on by itself when intake is back.
        </p>
      )}
    </div>
  );
}
