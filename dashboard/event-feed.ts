/** One event of a stream. */
export interface FeedEvent {
  readonly event: string;
  readonly data: unknown;
}

export interface FeedOptions {
  readonly url: string;
  /** Asked at each try. */
  readonly headers: () => Record<string, string>;
  readonly onEvent: (event: FeedEvent) => void;
  /** `lost`: it is tried again, from where it was. */
  readonly onState: (state: "live" | "lost") => void;
  /** An answer that a further try would not change, such as 401 or 404; ends the feed. */
  readonly onRefused: (status: number) => void;
  /** Silence for so long means a dead connection: the server says something more often. */
  readonly quietMs: number;
  readonly signal: AbortSignal;
}

const firstPauseMs = 300;
const pauseAtMostMs = 5_000;

/**
 * Follows server-sent events until the signal aborts, and goes on after the last one when the connection breaks. Over fetch,
 * since a browser's EventSource can send no token and does not say why it failed.
 */
export async function follow(options: FeedOptions): Promise<void> {
  const { onState, onRefused, signal } = options;
  let lastId = "";
  let pauseMs = firstPauseMs;
  while (!signal.aborted) {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal.addEventListener("abort", stop, { once: true });
    try {
      const headers = { ...options.headers(), ...(lastId === "" ? {} : { "last-event-id": lastId }) };
      const response = await fetch(options.url, { headers, signal: attempt.signal, cache: "no-store" });
      if ([400, 401, 403, 404].includes(response.status)) {
        onRefused(response.status);
        return;
      }
      if (response.ok && response.body !== null) {
        onState("live");
        pauseMs = firstPauseMs;
        await readEvents(response.body, options, stop, (id) => (lastId = id));
      }
    } catch {
      // However it broke, it is tried again.
    } finally {
      signal.removeEventListener("abort", stop);
      attempt.abort();
    }
    if (signal.aborted) return;
    onState("lost");
    await pause(pauseMs * (0.5 + Math.random() / 2), signal);
    pauseMs = Math.min(pauseAtMostMs, 2 * pauseMs);
  }
}

async function readEvents(
  body: ReadableStream<Uint8Array>,
  { onEvent, quietMs }: FeedOptions,
  stop: () => void,
  onId: (id: string) => void,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const timer = setTimeout(stop, quietMs);
    const { done, value } = await reader.read().finally(() => clearTimeout(timer));
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const { event, data, id } = parse(block);
      if (data !== undefined) onEvent({ event, data: JSON.parse(data) });
      // After the event was taken: what failed meanwhile is sent again.
      if (id !== undefined) onId(id);
    }
  }
}

/** As our services write it: one line of data. */
function parse(block: string): { event: string; data?: string; id?: string } {
  const fields: { event: string; data?: string; id?: string } = { event: "message" };
  for (const line of block.split("\n")) {
    const [, name, value = ""] = /^(event|data|id): ?(.*)$/.exec(line) ?? [];
    if (name === "event" || name === "data" || name === "id") fields[name] = value;
  }
  return fields;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}
