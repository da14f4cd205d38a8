import { createBackOff, sleep } from "#bus/back-off.ts";

/** HTTP as a client uses it that must not lose a request: each is sent until it is answered. */
export interface ShopHttp {
  /**
   * Sends the request again, with the same key, while nobody answers or the answer says to come again.
   * @throws what the signal aborted with
   */
  send(request: ShopRequest): Promise<ShopAnswer>;
}

export interface ShopRequest {
  readonly method: "GET" | "POST" | "PUT";
  readonly url: string;
  /** Required where the method is not GET: what is sent twice must be done once. */
  readonly idempotencyKey?: string;
  readonly body?: unknown;
}

export interface ShopAnswer {
  readonly status: number;
  readonly body: string;
}

const requestTimeoutMs = 30_000;
const backOffMinMs = 50;
const backOffMaxMs = 2_000;

export function createShopHttp(signal: AbortSignal, bearerToken?: string): ShopHttp {
  async function attempt({
    method,
    url,
    idempotencyKey,
    body,
  }: ShopRequest): Promise<ShopAnswer | { retryAfterMs: number }> {
    const headers: Record<string, string> = {};
    if (idempotencyKey !== undefined) headers["idempotency-key"] = idempotencyKey;
    if (body !== undefined) headers["content-type"] = "application/json";
    if (bearerToken !== undefined) headers["authorization"] = `Bearer ${bearerToken}`;
    const timely = AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]);
    const init = { method, headers, signal: timely, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    try {
      const response = await fetch(url, init);
      const text = await response.text();
      if (response.status !== 429 && response.status < 500) return { status: response.status, body: text };
      return { retryAfterMs: Number(response.headers.get("retry-after") ?? 0) * 1_000 };
    } catch (error) {
      signal.throwIfAborted();
      // Nobody listens, or the connection broke: a worker that is being started again.
      if (error instanceof Error) return { retryAfterMs: 0 };
      throw error;
    }
  }

  return {
    async send(request) {
      const backOff = createBackOff(backOffMinMs, backOffMaxMs);
      for (;;) {
        const answer = await attempt(request);
        if ("status" in answer) return answer;
        await sleep(Math.max(answer.retryAfterMs, backOff.nextMs()), signal);
        signal.throwIfAborted();
      }
    },
  };
}
