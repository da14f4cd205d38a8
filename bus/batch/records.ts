import { createHash } from "node:crypto";
import { decode, type PoisonReason } from "#contracts/envelope.ts";
import type { EventType } from "#contracts/events.ts";
import type { Headers } from "#db/headers.ts";
import type { KafkaMessage } from "#kafka/upstream.ts";
import type { Received } from "../batch-handler.ts";

/** A record, decoded; or why no handler may see it. */
export type DecodedRecord<K extends EventType> =
  | { readonly ok: true; readonly id: string; readonly received: Received<K> }
  | { readonly ok: false; readonly reason: PoisonReason; readonly detail: string };

/** Never throws: whatever is in a record, it is a message or poison. */
export function decodeRecord<K extends EventType>(record: KafkaMessage): DecodedRecord<K> {
  // The group subscribes to the topics of its handler's types only.
  const decoded = decode(record.topic as K, record.key, record.value);
  if (!decoded.ok) return decoded;
  return { ok: true, id: decoded.id, received: { event: decoded.event, traceparent: traceparentOf(record) } };
}

/**
 * By what a record is known again: an event's message id, else a digest of its bytes. Compared with the record that is at
 * the same offset later: another one there means another log.
 */
export function recordId(record: KafkaMessage): string {
  const decoded = decodeRecord(record);
  if (decoded.ok) return decoded.id;
  const bytes = createHash("sha256")
    .update(record.key ?? "")
    .update("\0")
    .update(record.value ?? "");
  return `sha256:${bytes.digest("hex")}`;
}

export function headersOf(record: KafkaMessage): Headers {
  return (record.headers ?? []).flatMap((header) => Object.entries(header));
}

// https://www.w3.org/TR/trace-context/#traceparent-header
const traceparentPattern = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

export function traceparentOf({ headers }: KafkaMessage): string | null {
  for (const header of headers ?? []) {
    const value = header["traceparent"];
    if (!value) continue;
    const text = Buffer.from(value).toString("latin1");
    return traceparentPattern.test(text) ? text : null;
  }
  return null;
}
