import type { OrderGoods } from "#contracts/http.ts";
import type { ServiceState } from "#contracts/live.ts";
import type { Service } from "#contracts/topics.ts";
import { unavailable } from "#workers/http/problem.ts";
import { openIntakeUnderTest } from "#workers/intake/app-under-test.ts";
import { createLive } from "#workers/intake/live.ts";
import { createPageApp } from "#workers/intake/page-http.ts";
import { createWatchedSeconds } from "#workers/intake/watched-seconds.ts";
import { type HttpServer, serve } from "#workers/runtime.ts";

/** An intake that serves the page, with neighbours that a test describes, and that can be stopped and started again. */
export async function openPageUnderTest(bearerToken?: string) {
  const intake = await openIntakeUnderTest();
  const ready: ServiceState = { state: "ready", lag: 0, outboxRows: 0, outboxAgeSeconds: 0, deadLetters: 0 };
  const states: Record<Service, ServiceState> = { intake: ready, stock: ready, order: ready, payment: ready };
  const goods = new Map<string, OrderGoods>();
  let port = 0;
  let boots = 0;
  let server: HttpServer | undefined;
  let stopping = new AbortController();

  function start(): void {
    stopping = new AbortController();
    const { signal } = stopping;
    boots += 1;
    const live = createLive({
      news: intake.orderNews,
      seconds: createWatchedSeconds(),
      services: { look: () => Promise.resolve(), states: () => states },
      bootId: `boot${boots}`,
      demo: false,
      countInFlight: () => Promise.resolve({ received: 0, created: 0 }),
      log: () => undefined,
    });
    signal.addEventListener("abort", () => live.stop(), { once: true });
    const app = intake.restart({
      watched: { live, signal, open: createPageApp() },
      askGoods: (id) => {
        const found = goods.get(id);
        return found === undefined ? Promise.reject(unavailable("Stock does not answer", 1)) : Promise.resolve(found);
      },
      ...(bearerToken === undefined ? {} : { bearerToken }),
    });
    server = serve({ host: "127.0.0.1", port, fetch: (request) => app.fetch(request) });
    ({ port } = server);
  }

  async function stop(): Promise<void> {
    stopping.abort();
    await server?.stop(500);
  }

  start();
  return {
    intake,
    /** How the neighbours are; from the next second on. */
    states,
    /** What stock says of orders; of others it says nothing, as it is away. */
    goods,
    ready,
    url: (path: string) => `http://127.0.0.1:${port}${path}`,
    start,
    stop,
    async remove() {
      await stop();
      await intake.service.remove();
    },
  };
}

export type PageUnderTest = Awaited<ReturnType<typeof openPageUnderTest>>;
