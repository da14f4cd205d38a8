/** An event as text/event-stream wants it. Source: WHATWG HTML, server-sent events. */
export interface ServerEvent {
  readonly event: string;
  /** What a viewer that comes again says that it had; undefined: nothing to go on from. */
  readonly id?: string;
  readonly data: unknown;
}

export function encodeEvent({ event, id, data }: ServerEvent): string {
  return `event: ${event}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** Keeps proxies and viewers from taking the connection for dead. */
export const heartbeat = ": still here\n\n";

const encoder = new TextEncoder();

/**
 * Answers with a stream of events. `next` is asked for more only when the viewer has taken what it was given, so a slow one
 * has one piece waiting and no more, and a dead one costs nothing. It gives undefined when there is an end; its signal aborts
 * when the viewer has gone, or the service stops.
 */
export function eventStream(
  request: Request,
  stopping: AbortSignal,
  next: (signal: AbortSignal) => Promise<string | Uint8Array<ArrayBuffer> | undefined>,
  onEnd: () => void,
): Response {
  const gone = new AbortController();
  let isCancelled = false;
  function end(): void {
    if (gone.signal.aborted) return;
    gone.abort();
    for (const signal of [request.signal, stopping]) signal.removeEventListener("abort", end);
    onEnd();
  }
  for (const signal of [request.signal, stopping]) signal.addEventListener("abort", end, { once: true });
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = gone.signal.aborted ? undefined : await next(gone.signal).catch(() => undefined);
        if (isCancelled) return;
        if (piece !== undefined && !gone.signal.aborted) {
          controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece);
          return;
        }
        end();
        controller.close();
      },
      cancel() {
        isCancelled = true;
        end();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" },
  });
}

/** What a viewer that comes again says that it had. */
export const lastEventId = (request: Request): string | undefined => request.headers.get("last-event-id") ?? undefined;
