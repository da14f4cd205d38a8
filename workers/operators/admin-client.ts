import type * as z from "zod";
import { problem } from "#contracts/http.ts";
import type { Service } from "#contracts/topics.ts";

/** Where the services' HTTP is, and the token that their operators show. */
export interface AdminAccess {
  readonly addresses: Readonly<Record<Service, string>>;
  readonly token: string;
}

/** What services answer to their operators. Each call throws an AdminError that says what to do. */
export interface AdminClient {
  get<T>(service: Service, path: string, schema: z.ZodType<T>): Promise<T>;
  post<T>(service: Service, path: string, body: unknown, schema: z.ZodType<T>): Promise<T>;
}

/** A service that did not do what it was asked; for a person. */
export class AdminError extends Error {
  override readonly name = "AdminError";
  /** Of the answer; undefined when there was none. */
  readonly status: number | undefined;

  constructor(message: string, status?: number, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

const requestTimeoutMs = 60_000;

export interface AdminClientOptions {
  /** Of each request; a service that takes longer does not answer. */
  readonly timeoutMs?: number;
  /** Instead of fetch. */
  readonly send?: (url: string, init: RequestInit) => Promise<Response>;
}

/** Paths are those below `/admin`, with their slash. */
export function createAdminClient(
  { addresses, token }: AdminAccess,
  signal: AbortSignal,
  { timeoutMs = requestTimeoutMs, send = fetch }: AdminClientOptions = {},
): AdminClient {
  async function ask<T>(service: Service, path: string, schema: z.ZodType<T>, body?: unknown): Promise<T> {
    const url = `${addresses[service]}/admin${path}`;
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const init = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
    let response: Response;
    let text: string;
    try {
      response = await send(url, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
      text = await response.text();
    } catch (cause) {
      signal.throwIfAborted();
      throw new AdminError(
        `${service} does not answer at ${addresses[service]}: is it running there?`,
        undefined,
        cause,
      );
    }
    if (response.ok) return schema.parse(JSON.parse(text));
    throw new AdminError(`${service}: ${explain(response.status, text)}`, response.status);
  }

  return {
    get: (service, path, schema) => ask(service, path, schema),
    post: (service, path, body, schema) => ask(service, path, schema, body),
  };
}

/** An answer that is none of success, in words. */
export function explain(status: number, text: string): string {
  if (status === 401) return "the token is not this service's ADMIN_TOKEN";
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return `answered ${status}, and not as a service of ours does`;
  }
  const parsed = problem.safeParse(answer);
  if (!parsed.success) return `answered ${status}, and not as a service of ours does`;
  const { title, detail, errors = [] } = parsed.data;
  const fields = errors.map(({ pointer, detail: what }) => (pointer === "#" ? what : `${pointer} ${what}`));
  // A list of what is wrong says it all.
  return [...(detail === undefined && fields.length > 0 ? [] : [detail ?? title]), ...fields].join("; ");
}
