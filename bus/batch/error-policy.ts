import { StoreError } from "#db/errors.ts";
import { KafkaError } from "#kafka/errors.ts";
import { ConsumeRefusedError } from "../consume/offset-judge.ts";

/**
 * What a failure means for the messages in hand:
 * - `transient`: nothing is wrong with them. Wait, and try again until it works or we are told to stop.
 * - `commit-unknown`: they may be done. Try again: the offsets say whether they are.
 * - `constraint`: one of them breaks a rule of the schema. Alone: dead letter at once.
 * - `poison`: the handler cannot take one of them. Alone: dead letter at once.
 * - `unknown`: anything else. Alone: some more tries, then dead letter.
 * - `refused`: somebody has to decide; nothing is consumed until then.
 */
export type FailureClass = "transient" | "commit-unknown" | "constraint" | "poison" | "unknown" | "refused";

/** A TypeError out of a service's handler: a message that its author did not think of, and that no retry helps. */
export class HandlerTypeError extends Error {
  override readonly name = "HandlerTypeError";

  constructor(cause: TypeError) {
    super(cause.message, { cause });
  }
}

export function classify(error: unknown): FailureClass {
  if (error instanceof ConsumeRefusedError) return "refused";
  if (error instanceof HandlerTypeError) return "poison";
  if (error instanceof StoreError) {
    if (error.kind === "busy" || error.kind === "transient") return "transient";
    if (error.kind === "commit-unknown" || error.kind === "constraint") return error.kind;
  }
  // Fatal ones too: somebody changes a password or a right, and a client that is opened anew works.
  if (error instanceof KafkaError) return "transient";
  return isSystemFailure(error) ? "transient" : "unknown";
}

/** Codes of the operating system that speak of the machine or the network, not of a message. */
const systemCodes = new Set([
  "EACCES",
  "EADDRNOTAVAIL",
  "EAGAIN",
  "EBUSY",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EDQUOT",
  "EHOSTUNREACH",
  "EIO",
  "EMFILE",
  "ENETDOWN",
  "ENETUNREACH",
  "ENFILE",
  "ENOMEM",
  "ENOSPC",
  "ENOTFOUND",
  "EPIPE",
  "EROFS",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "ConnectionRefused",
  "ConnectionClosed",
]);

/** Looks through the causes: a store at a server wraps what its fetch threw. */
export function isSystemFailure(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) {
    if ("code" in each && systemCodes.has(String(each.code))) return true;
    // What fetch throws when there is no answer: a TypeError, of all things, on Node, Deno and Bun.
    if (/^(?:fetch failed|error sending request|Unable to connect)/.test(each.message)) return true;
  }
  return false;
}

/** An error and its causes in one line, for a dead letter and a log. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let each = error; each !== undefined && each !== null && parts.length < 5;) {
    parts.push(each instanceof Error ? `${each.name}: ${each.message}` : `thrown: ${JSON.stringify(each)}`);
    each = each instanceof Error ? each.cause : undefined;
  }
  return parts.join("; caused by ").slice(0, 2_000);
}
