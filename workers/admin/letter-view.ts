import { decode } from "#contracts/envelope.ts";
import type { DeadLetterDetail, DeadLetterSummary } from "#contracts/dead-letters.ts";
import type { EventType } from "#contracts/events.ts";
import { topics } from "#contracts/topics.ts";
import type { DeadLetterRow } from "#db/dead-letter-rows.ts";
import { decodeHeaders } from "#db/headers.ts";
import type { TrailRow } from "#db/trail.ts";
import { identityOf } from "./letter-identity.ts";

/** A row as operators see it in a list. */
export function summaryOf(row: DeadLetterRow): DeadLetterSummary {
  const identity = identityOf(row);
  return {
    id: row.id,
    groupId: row.groupId,
    topic: row.topic,
    partition: row.partition,
    offset: row.offset,
    incarnation: row.incarnation,
    orderId: identity?.orderId ?? null,
    messageIds: [...(identity?.messageIds ?? [])],
    writers: [...topics[row.topic as EventType].writers],
    key: textOf(row.key),
    reason: row.reason,
    error: row.error,
    attempts: row.attempts,
    firstSeenAtMs: row.firstSeenAtMs,
    deadAtMs: row.deadAtMs ?? row.firstSeenAtMs,
    programVersion: row.programVersion,
    traceparent: row.traceparent,
    bytes: row.value?.length ?? 0,
    state: row.state,
    closedAtMs: row.closedAtMs,
  };
}

/** All that is known of one. */
export function detailOf(row: DeadLetterRow, history: readonly TrailRow[]): DeadLetterDetail {
  const text = textOf(row.value);
  const decoded = decode(row.topic as EventType, row.key, row.value);
  return {
    ...summaryOf(row),
    timestampMs: row.timestampMs,
    keyBase64: base64(row.key),
    valueBase64: base64(row.value),
    text,
    json: jsonOf(text),
    headers: decodeHeaders(row.headers).map(([name, value]) => {
      return { name, text: textOf(value), base64: base64(value) };
    }),
    readable: decoded.ok
      ? { ok: true, detail: decoded.id }
      : { ok: false, detail: `${decoded.reason}: ${decoded.detail}` },
    history: history.map(({ atMs, operator, why, action, effect }) => ({ atMs, operator, why, action, effect })),
  };
}

function base64(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString("base64");
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Null for what is no UTF-8: as text it would be something else. */
function textOf(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null;
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

function jsonOf(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
