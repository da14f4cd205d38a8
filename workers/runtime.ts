import process from "node:process";

/** What differs between Bun and Deno; all else uses web standards and `node:`. */

export interface HttpServer {
  readonly port: number;
  /** Takes no new requests, and ends when those under way are answered, or after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  fetch(request: Request): Response | Promise<Response>;
}

/** The part of Deno that is used: its types and Bun's cannot be loaded together. */
interface DenoHttp {
  serve(
    options: { hostname: string; port: number; onListen: () => void },
    handler: (request: Request) => Response | Promise<Response>,
  ): { readonly addr: { readonly port: number }; shutdown(): Promise<void>; readonly finished: Promise<void> };
}

/** Longer than the longest `?wait`. */
const idleTimeoutSeconds = 60;

/** @throws Error that names the address, when it cannot be listened on */
export function serve(options: ServeOptions): HttpServer {
  const { host, port } = options;
  try {
    return "Deno" in globalThis ? serveOnDeno(options) : serveOnBun(options);
  } catch (cause) {
    throw new Error(`cannot listen on ${host}:${port}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

function serveOnBun({ host, port, fetch }: ServeOptions): HttpServer {
  const server = Bun.serve({
    hostname: host,
    port,
    idleTimeout: idleTimeoutSeconds,
    fetch: (request) => fetch(request),
  });
  return {
    port: server.port ?? port,
    async stop(graceMs) {
      await endsWithin(server.stop(), graceMs);
      await server.stop(true);
    },
  };
}

function serveOnDeno({ host, port, fetch }: ServeOptions): HttpServer {
  const { Deno } = globalThis as typeof globalThis & { readonly Deno: DenoHttp };
  const server = Deno.serve({ hostname: host, port, onListen() {} }, (request) => fetch(request));
  return { port: server.addr.port, stop: (graceMs) => endsWithin(server.shutdown(), graceMs) };
}

async function endsWithin(ending: Promise<void>, graceMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, graceMs);
  await Promise.race([ending, promise]);
  clearTimeout(timer);
}

/** Aborts when the process is asked to stop; asked a second time, it exits at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(1);
      controller.abort(new Error(`the process got ${name}`));
    });
  }
  return controller.signal;
}
