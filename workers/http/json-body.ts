import type * as z from "zod";
import { fieldErrors, invalidRequest, ProblemError } from "./problem.ts";

/** A schema, compiled or not. */
export interface BodySchema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: z.ZodError };
}

/**
 * The JSON body of a request, by its schema.
 * @throws ProblemError that names each field and the rule that it broke
 */
export async function readBody<T>(request: Request, schema: BodySchema<T>, maxBytes: number): Promise<T> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/(?:[\w.-]+\+)?json(?:\s*;|$)/i.test(type)) {
    const title = "The body must be application/json";
    throw new ProblemError({ kind: "unsupported-media-type", status: 415, title });
  }
  const parsed = schema.safeParse(parseJson(await readText(request, maxBytes)));
  if (parsed.success) return parsed.data;
  throw invalidRequest("Fields of the body broke a rule", fieldErrors(parsed.error));
}

async function readText(request: Request, maxBytes: number): Promise<string> {
  const announced = request.headers.get("content-length");
  if (announced !== null && request.headers.get("transfer-encoding") === null) {
    if (Number(announced) > maxBytes) throw tooLarge(maxBytes);
    // No server hands out more than was announced.
    return request.text();
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function tooLarge(maxBytes: number): ProblemError {
  const detail = `At most ${maxBytes} bytes are read`;
  return new ProblemError({ kind: "body-too-large", status: 413, title: "The body is too large", detail });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidRequest(`The body is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
