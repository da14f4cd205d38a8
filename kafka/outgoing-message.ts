import { KafkaError } from "./errors.ts";

export type Part = string | Uint8Array | null;

/** By name; or pairs in their order, where a name comes twice. Null is a header without a value, not an empty one. */
export type OutgoingHeaders = Readonly<Record<string, Part>> | readonly (readonly [name: string, value: Part])[];

export interface OutgoingMessage {
  readonly topic: string;
  /** Decides the partition: equal keys, equal partition. */
  readonly key: Part;
  readonly value: Part;
  /** Few, please: each costs about a sixth of a message. Those of messages that share one object go over once. */
  readonly headers?: OutgoingHeaders;
  /** Default: now. */
  readonly timestampMs?: number;
  /** Default: chosen by the key. */
  readonly partition?: number;
}

/** @throws KafkaError of kind message that names the first of them that is none */
export function checkMessages(messages: readonly OutgoingMessage[]): void {
  let checkedTopic: string | undefined;
  let checkedHeaders: OutgoingHeaders | undefined;
  for (const [index, { topic, key, value, headers }] of messages.entries()) {
    const problem =
      (topic === checkedTopic ? undefined : topicProblem(topic)) ??
      partProblem("the key", key) ??
      partProblem("the value", value) ??
      (headers === checkedHeaders ? undefined : headersProblem(headers));
    if (problem) throw new KafkaError("message", "ERR__INVALID_ARG", `send: message ${index} to ${topic}: ${problem}`);
    checkedTopic = topic;
    checkedHeaders = headers;
  }
}

/** A null would end the name for librdkafka. */
function topicProblem(topic: unknown): string | undefined {
  const isName = typeof topic === "string" && topic !== "" && !topic.includes("\0");
  return isName ? undefined : "the topic is no name";
}

function partProblem(what: string, part: unknown): string | undefined {
  if (typeof part === "string" || part === null || part instanceof Uint8Array) return undefined;
  return `${what} is neither text nor bytes, but ${typeof part}`;
}

function headersProblem(headers: unknown): string | undefined {
  if (headers === undefined) return undefined;
  if (typeof headers !== "object" || headers === null) return "the headers are none";
  if (!Array.isArray(headers)) {
    for (const name in headers) {
      const problem = partProblem("", (headers as Record<string, unknown>)[name]);
      if (problem) return `header "${name}"${problem}`;
    }
    return undefined;
  }
  for (const pair of headers as unknown[]) {
    if (!Array.isArray(pair) || typeof pair[0] !== "string") return "a header is no pair of name and value";
    const problem = partProblem("", pair[1]);
    if (problem) return `header "${pair[0]}"${problem}`;
  }
  return undefined;
}
