import { Hono } from "hono";
import type { OrderView } from "#contracts/http.ts";
import { encodeEvent, eventStream, heartbeat, lastEventId } from "../http/event-stream.ts";
import { unavailable } from "../http/problem.ts";
import type { Live } from "./live.ts";
import type { OrderNews } from "./order-news.ts";
import { createOrderWatch, versionOf } from "./order-watch.ts";

export interface EventsHttpOptions {
  readonly live: Live;
  readonly news: Pick<OrderNews, "listen">;
  /** @throws ProblemError when there is no such order */
  readonly findOrder: (id: string, signal: AbortSignal) => Promise<OrderView>;
  /** Ends all streams. */
  readonly signal: AbortSignal;
}

/** Each holds a connection and some kilobytes; more than these are sent away, and come again. */
const viewersAtMost = 1_000;

/** So often an order that is watched is read from the store: another process may have written it. */
const lookEveryMs = 3_000;
/** A proxy takes a connection for dead that says nothing for a minute, or half of one. */
const quietLooks = 5;

/** Server-sent events, for who watches. */
export function createEventsApp({ live, news, findOrder, signal }: EventsHttpOptions): Hono {
  const app = new Hono();
  const watch = createOrderWatch(news);
  let viewers = 0;

  /** Counts a viewer in until its stream ends. */
  function stream(request: Request, next: Parameters<typeof eventStream>[2]): Response {
    if (viewers >= viewersAtMost) throw unavailable(`${viewersAtMost} are watching already`, 5);
    viewers += 1;
    return eventStream(request, signal, next, () => void (viewers -= 1));
  }

  app.get("/events", ({ req: { raw } }) => {
    let seen = live.resume(lastEventId(raw));
    return stream(raw, async (gone) => {
      const next = await live.next(seen, gone);
      if (next !== undefined) ({ seen } = next);
      return next?.event;
    });
  });

  /** The order once it is newer than `seen`, or waits for something else than `waits`; undefined when it long is and does not. */
  async function newer(id: string, seen: number, waits: string, gone: AbortSignal): Promise<OrderView | undefined> {
    for (let look = 0; look < quietLooks && !gone.aborted; look += 1) {
      // First the news, then the store: what changes between the two is seen in one of them.
      const changed = watch.change(id, lookEveryMs, gone);
      const order = await findOrder(id, gone);
      if (!(versionOf(order) <= seen) || waitsOf(order) !== waits) return order;
      const told = await changed;
      if (told !== undefined) return told;
    }
    return undefined;
  }

  app.get("/orders/:id/events", async ({ req: { raw }, req }) => {
    const id = req.param("id");
    // Before the stream begins, so that an order that is not there is answered as such.
    await findOrder(id, raw.signal);
    let seen = Number(lastEventId(raw) ?? -1);
    let waits = "";
    return stream(raw, async (gone) => {
      const order = await newer(id, seen, waits, gone);
      if (order === undefined) return gone.aborted ? undefined : heartbeat;
      seen = versionOf(order);
      waits = waitsOf(order);
      return encodeEvent({ event: "order", id: String(seen), data: order });
    });
  });
  return app;
}

/** What it waits for that does not go on: no fact of the order, so no part of its version. */
const waitsOf = ({ waitingFor }: OrderView): string => (waitingFor === undefined ? "" : JSON.stringify(waitingFor));
