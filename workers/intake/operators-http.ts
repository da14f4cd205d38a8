import { type Context, Hono } from "hono";
import type * as z from "zod";
import {
  adminRequest,
  type ClosedLetter,
  deadLetterDetail,
  deadLetterFilter,
  deadLetterGroups,
  deadLetterPage,
  deadLetterQuery,
} from "#contracts/dead-letters.ts";
import { type Service, services } from "#contracts/topics.ts";
import { adminBodyBytesAtMost, parsed } from "../admin/dead-letters.ts";
import { requireBearerToken } from "../http/bearer-token.ts";
import { readBody } from "../http/json-body.ts";
import { notFound, ProblemError, unavailable } from "../http/problem.ts";
import { type AdminClient, AdminError, createAdminClient } from "../operators/admin-client.ts";
import { type Action, closeLetter } from "../operators/close-letter.ts";

export interface OperatorsHttpOptions {
  /** ADMIN_TOKEN: what an operator must show here, and is shown to the services; undefined: operators are not served. */
  readonly token: string | undefined;
  /** Where the other services are. */
  readonly urls: Readonly<Partial<Record<Service, string>>>;
  /** Intake's own HTTP, asked without a network. */
  readonly own: (request: Request) => Response | Promise<Response>;
}

/** To who looks, a service that takes longer to say what it has is as good as away. */
const readWithinMs = 5_000;
/** Each of the services that have a part in closing one waits for its store's lock. */
const closeWithinMs = 30_000;

/** Closing goes on when the page has gone: half of a heal would have to be asked for again. */
const never = new AbortController().signal;

const actions: readonly Action[] = ["heal", "replay", "discard"];

/**
 * The page may talk to intake alone, so intake passes on what an operator asks the services about their dead letters. These
 * routes only, each with a checked query or body of its own: nothing else under `/admin` is reached through it. Who does not
 * show the token reaches nobody.
 */
export function createOperatorsGateway(options: OperatorsHttpOptions): Hono {
  const app = new Hono();
  const { token } = options;
  if (token === undefined) {
    app.all("*", () => {
      throw notFound("Intake was started without ADMIN_TOKEN, so it serves no operators");
    });
    return app;
  }
  app.use(requireBearerToken(token));
  const parts = { ...options, token };

  app.get("/:service/dead-letters", (context) =>
    read(context, parts, `/dead-letters?${checked(deadLetterQuery, context)}`, deadLetterPage),
  );
  app.get("/:service/dead-letter-groups", (context) =>
    read(context, parts, `/dead-letter-groups?${checked(deadLetterFilter, context)}`, deadLetterGroups),
  );
  app.get("/:service/dead-letters/:id{[1-9][0-9]{0,14}}", (context) =>
    read(context, parts, `/dead-letters/${context.req.param("id")}`, deadLetterDetail),
  );

  for (const action of actions) {
    app.post(`/:service/dead-letters/:id{[1-9][0-9]{0,14}}/${action}`, async (context) => {
      const service = serviceOf(context);
      const order = await readBody(context.req.raw, adminRequest, adminBodyBytesAtMost);
      const client = clientOf(parts, never, closeWithinMs);
      const letter = await passed(client.get(service, `/dead-letters/${context.req.param("id")}`, deadLetterDetail));
      const closed = await closeLetter(client, action, { ...letter, service }, order);
      return answer(closed satisfies ClosedLetter);
    });
  }
  app.all("*", ({ req }) => {
    throw notFound(`${req.method} ${req.path} is nothing here`);
  });
  return app;
}

type Parts = OperatorsHttpOptions & { readonly token: string };

async function read<T>(context: Context, parts: Parts, path: string, schema: z.ZodType<T>) {
  const client = clientOf(parts, context.req.raw.signal, readWithinMs);
  return answer(await passed(client.get(serviceOf(context), path, schema)));
}

/** What it holds are customers' messages: no cache keeps them. */
function answer(body: unknown): Response {
  return Response.json(body, { headers: { "cache-control": "no-store" } });
}

const ownAddress = "http://intake";

function clientOf({ token, urls, own }: Parts, signal: AbortSignal, timeoutMs: number): AdminClient {
  const addressOf = (service: Service) =>
    urls[service] ?? `no address, as intake was not told one (${service.toUpperCase()}_URL)`;
  const addresses = { ...Object.fromEntries(services.map((name) => [name, addressOf(name)])), intake: ownAddress };
  const send = async (url: string, init: RequestInit) =>
    url.startsWith(`${ownAddress}/`) ? own(new Request(url, init)) : fetch(url, { ...init, redirect: "error" });
  return createAdminClient({ addresses: addresses as Record<Service, string>, token }, signal, { timeoutMs, send });
}

function serviceOf({ req }: Context): Service {
  const name = req.param("service");
  const service = services.find((known) => known === name);
  if (service === undefined) throw notFound(`There is no service ${name}`);
  return service;
}

/** The query as the service gets it: what the contract knows, and nothing else. */
function checked(schema: z.ZodType<Record<string, string | number | undefined>>, { req }: Context): string {
  const given = Object.entries(parsed(schema, req.query())).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
}

/** A service's refusal as our own; that it takes another token than intake is not the operator's mistake. */
async function passed<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    const { message: detail, status } = error;
    if (status === 404) throw notFound(detail);
    if (status === 401) {
      throw new ProblemError({ kind: "forbidden", status: 403, title: "A service takes another token", detail });
    }
    throw unavailable(detail, 1);
  }
}
