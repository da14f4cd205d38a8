import { Hono } from "hono";
import type { CDPSession, Page } from "playwright-core";
import type { Now, Second } from "#contracts/live.ts";
import { openBrowser } from "#dashboard/browser.ts";
import { readBuiltPage } from "#dashboard/built-page.ts";
import { encodeEvent, eventStream, heartbeat } from "#workers/http/event-stream.ts";
import { createPageApp } from "#workers/intake/page-http.ts";
import { serve } from "#workers/runtime.ts";
import { median } from "../paired-rounds.ts";
import { renderTable } from "../saga/table.ts";

export const pageSummary = "the page: size, time to first view, memory after an hour's events played fast";

const views = 9;
const anHour = 3_600;
/** As many as the page keeps: from here on its memory must stay. */
const keptSeconds = 600;

/** Gives the exit code: 1 where an hour of events leaves the heap a half larger than ten minutes do. */
export async function benchPage(args: readonly string[]): Promise<number> {
  if (args.length > 0) {
    console.log("The benchmark of the page has no options.");
    return 2;
  }
  const files = Object.entries(readBuiltPage()?.files ?? {});
  const bytes = (text: string) => Buffer.from(text, "base64").length;
  const rows = files.map(([path, { content, brotli, gzip }]) => [
    path,
    ...[content, gzip, brotli].map(bytes).map(String),
  ]);
  const sum = files.reduce((total, [, { brotli }]) => total + bytes(brotli), 0);
  console.log(
    `${renderTable({ columns: ["file", "bytes", "gzip", "brotli"], rows })}\n${sum} bytes come over the line (brotli)\n`,
  );
  const shop = openShopOfEvents();
  const browser = await openBrowser();
  try {
    const firstViews: number[] = [];
    for (let view = 0; view < views; view += 1) {
      // Each with an empty cache.
      const context = await browser.newContext();
      firstViews.push(await firstView(await context.newPage(), shop.url));
      await context.close();
    }
    const least = Math.min(...firstViews).toFixed(0);
    console.log(
      `how things stand is shown ${median(firstViews).toFixed(0)} ms after the page is asked for (least of ${views}: ${least} ms)`,
    );
    const page = await browser.newPage();
    await page.goto(shop.url);
    const session = await page.context().newCDPSession(page);
    const kept = await heapAfter(page, session, shop, keptSeconds);
    const hour = await heapAfter(page, session, shop, anHour);
    console.log(`the page's heap: ${mb(kept)} after ${keptSeconds} seconds' events, ${mb(hour)} after ${anHour}`);
    return hour <= 1.5 * kept ? 0 : 1;
  } finally {
    await browser.close();
    await shop.close();
  }
}

const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** By the page's own clock, which begins when it is asked for: how often a test looks does not count. */
const noteFirstView = `new MutationObserver(() => {
  if (document.querySelector(".headline.good") !== null) globalThis.shownAtMs ??= performance.now();
}).observe(document, { childList: true, subtree: true, attributes: true })`;

async function firstView(page: Page, url: string): Promise<number> {
  await page.addInitScript(noteFirstView);
  await page.goto(url);
  await page.getByText("Flowing: orders end as they come").waitFor();
  return page.evaluate<number>("globalThis.shownAtMs");
}

async function heapAfter(page: Page, session: CDPSession, shop: ReturnType<typeof openShopOfEvents>, seconds: number) {
  shop.playTo(seconds);
  await page.getByRole("link", { name: orderOf(seconds).slice(-12) }).waitFor({ timeout: 120_000 });
  await session.send("HeapProfiler.enable");
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  return usedSize;
}

const orderOf = (second: number) => `01890000-0000-7000-8000-${String(second).padStart(12, "0")}`;

/** Serves the page, and a second's events as fast as the page takes them, up to the one that is to be played to. */
function openShopOfEvents() {
  let until = 1;
  let turned = Promise.withResolvers<void>();
  const beganAtMs = Date.now();
  const stopping = new AbortController();
  const app = new Hono();
  app.route("/", createPageApp());
  app.get("/events", ({ req: { raw } }) => {
    let at = 0;
    const next = async (gone: AbortSignal): Promise<string> => {
      while (at >= until && !gone.aborted) {
        const quiet = Promise.withResolvers<void>();
        const timer = setTimeout(quiet.resolve, 3_000);
        await Promise.race([turned.promise, quiet.promise]);
        clearTimeout(timer);
        if (at >= until) return heartbeat;
      }
      at += 1;
      return eventsOf(at, beganAtMs + 1_000 * at);
    };
    return eventStream(raw, stopping.signal, next, () => undefined);
  });
  const server = serve({ host: "127.0.0.1", port: 0, fetch: (request) => app.fetch(request) });
  return {
    url: `http://127.0.0.1:${server.port}/`,
    playTo(second: number) {
      until = second;
      turned.resolve();
      turned = Promise.withResolvers();
    },
    async close() {
      stopping.abort();
      await server.stop(0);
    },
  };
}

/** Of a busy shop. */
function eventsOf(number: number, atMs: number): string {
  const wave = 1_000 + Math.round(500 * Math.sin(number / 20));
  const counts = { accepted: wave, paid: wave - 90, rejected: 50, cancelled: 40 };
  const reasons = { "stock-short": 30, "unknown-product": 20, "balance-short": 40 };
  const second: Second = { atMs, ...counts, reasons, p50Ms: 20 + (number % 7), p99Ms: 90 + (number % 31) };
  const figures = {
    state: "ready",
    lag: number % 90,
    outboxRows: number % 50,
    outboxAgeSeconds: 0,
    deadLetters: 0,
  } as const;
  const now: Now = {
    atMs,
    inFlight: { received: 40, created: 20 },
    lastMinute: { ended: 60 * wave, p50Ms: 21, p99Ms: 101 },
    services: { intake: figures, stock: figures, order: figures, payment: figures },
    latest: Array.from({ length: Math.min(12, number) }, (_, index) => {
      const id = orderOf(number - index);
      return { id, status: "paid", currency: "GBP", totalMinor: 450 + number, endedAtMs: atMs, tookMs: 21 } as const;
    }),
    demo: false,
  };
  return (
    encodeEvent({ event: "seconds", id: `b-${number}`, data: [second] }) + encodeEvent({ event: "now", data: now })
  );
}
