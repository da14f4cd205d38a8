import { sleep } from "#bus/back-off.ts";
import { type Service, services } from "#contracts/topics.ts";
import type { Addresses } from "./addresses.ts";
import { StartError } from "./start-error.ts";

export interface ReadyWatch {
  /** Rejects when a worker has long said that it is not ready: what waits for it would wait for ever. */
  readonly stuck: Promise<never>;
}

export interface ReadyWatchOptions {
  readonly addresses: Addresses;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
  /** How long a worker may be not ready before nobody waits for it any more. */
  readonly patienceMs: number;
}

const lookEveryMs = 500;

/** Looks at the workers, and says when one is there but not ready, such as one that refuses to consume. */
export function watchReady({ addresses, say, signal, patienceMs }: ReadyWatchOptions): ReadyWatch {
  const since = new Map<Service, { readonly reason: string; readonly atMs: number }>();
  async function look(service: Service): Promise<void> {
    const answer = await askReady(addresses[service]);
    // One that does not answer is being started again, and that is said already.
    if (answer === undefined || signal.aborted) return;
    const before = since.get(service);
    if (answer.isReady) {
      if (before !== undefined) say(`${service} is ready again`);
      since.delete(service);
      return;
    }
    if (before?.reason !== answer.reason) say(`${service} is not ready: ${answer.reason}`);
    since.set(service, { reason: answer.reason, atMs: before?.atMs ?? performance.now() });
  }
  async function watch(): Promise<never> {
    for (;;) {
      await sleep(lookEveryMs, signal);
      signal.throwIfAborted();
      await Promise.all(services.map(look));
      for (const [service, { atMs, reason }] of since) {
        if (performance.now() - atMs > patienceMs)
          throw new StartError(`${service} does not become ready: ${shortened(reason)}`);
      }
    }
  }
  const stuck = watch();
  stuck.catch(() => undefined); // whoever waits for it is told
  return { stuck };
}

/** All of it was said when it began. */
const shortened = (reason: string) => (reason.length <= 200 ? reason : `${reason.slice(0, 200)} ...`);

export type Readiness = { readonly isReady: true } | { readonly isReady: false; readonly reason: string };

const answerWithinMs = 2_000;

/** Undefined when nobody answers. */
export async function askReady(url: string): Promise<Readiness | undefined> {
  try {
    const response = await fetch(`${url}/ready`, { signal: AbortSignal.timeout(answerWithinMs) });
    const text = await response.text();
    return response.ok ? { isReady: true } : { isReady: false, reason: detailOf(text) };
  } catch {
    return undefined;
  }
}

/** Of a problem document. */
function detailOf(text: string): string {
  try {
    const { detail, title } = JSON.parse(text) as { detail?: string; title?: string };
    return detail ?? title ?? text;
  } catch {
    return text;
  }
}
