import type * as z from "zod";
import type { Problem } from "#contracts/http.ts";

/** The kinds of problem that clients may tell apart. Never change: they are in clients. */
export type ProblemKind =
  | "invalid-request"
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "body-too-large"
  | "unsupported-media-type"
  | "key-reused"
  | "rule-broken"
  | "cancel-window-over"
  | "nothing-to-recover"
  | "too-many-orders"
  | "unavailable"
  | "internal";

interface ProblemDetails {
  readonly kind: ProblemKind;
  readonly status: number;
  readonly title: string;
  readonly detail?: string;
  readonly errors?: NonNullable<Problem["errors"]>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Ends a request with a problem document; inside a transaction it also rolls back. */
export class ProblemError extends Error {
  readonly details: ProblemDetails;

  constructor(details: ProblemDetails) {
    super(details.detail ?? details.title);
    this.name = "ProblemError";
    this.details = details;
  }
}

/** RFC 9457. */
export function problemResponse({ kind, status, title, detail, errors, headers }: ProblemDetails): Response {
  const body: Problem = { type: `urn:orderwright:problem:${kind}`, title, status };
  if (detail !== undefined) body.detail = detail;
  if (errors !== undefined) body.errors = errors;
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}

/** A body that broke the rules on every line would be answered with more than it sent. */
const errorsAtMost = 20;

/** Each field that broke a rule, as RFC 9457 shows it: a JSON pointer in a URI fragment. */
export function fieldErrors(error: z.ZodError): NonNullable<Problem["errors"]> {
  return error.issues.slice(0, errorsAtMost).map(({ path, message }) => ({ pointer: pointer(path), detail: message }));
}

export function pointer(path: readonly PropertyKey[]): string {
  const steps = path.map((step) => `/${encodeURIComponent(String(step).replaceAll("~", "~0").replaceAll("/", "~1"))}`);
  return `#${steps.join("")}`;
}

export function invalidRequest(detail: string, errors?: ProblemDetails["errors"]): ProblemError {
  const base = { kind: "invalid-request", status: 400, title: "The request is not valid", detail } as const;
  return new ProblemError(errors === undefined ? base : { ...base, errors });
}

export function notFound(detail: string): ProblemError {
  return new ProblemError({ kind: "not-found", status: 404, title: "Not found", detail });
}

export function keyReused(): ProblemError {
  return new ProblemError({
    kind: "key-reused",
    status: 422,
    title: "The Idempotency-Key was used for another request",
    detail: "A request with this key and another body was taken before. Repeat that body, or choose a new key.",
  });
}

/** The state of the service forbids what a well-formed request asks for. */
export function ruleBroken(errors: NonNullable<ProblemDetails["errors"]>): ProblemError {
  const title = "The request cannot be carried out";
  return new ProblemError({ kind: "rule-broken", status: 422, title, errors: errors.slice(0, errorsAtMost) });
}

/** Nothing is known to have been done; the same request with the same key is safe to send again. */
export function unavailable(detail: string, retryAfterSeconds: number): ProblemError {
  const headers = { "retry-after": String(retryAfterSeconds) };
  return new ProblemError({ kind: "unavailable", status: 503, title: "Try again later", detail, headers });
}
